"""The kinds of engines, by what has the containers: the engine itself, or a swarm."""

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import SWARM, Connection


def engine_at(connection: Connection) -> Engine:
    """The engine at an address, as its orchestrator wants to be asked."""
    if connection.orchestrator == SWARM:
        from stacktest.adapters.engine.swarm.client import SwarmEngine

        return SwarmEngine(connection)
    return Engine(connection)
