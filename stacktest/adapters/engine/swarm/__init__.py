"""Docker Swarm behind the engine's port: services and their tasks, seen as containers."""
