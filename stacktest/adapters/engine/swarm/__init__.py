"""Docker Swarm as an `EnginePort`: services and their tasks are presented as containers."""
