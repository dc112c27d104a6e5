"""Chooses the client for an engine: one for a plain engine, one for a swarm."""

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import SWARM, Connection


def engine_at(connection: Connection) -> Engine:
    """The client for the engine at an address: of the swarm if it is the orchestrator."""
    if connection.orchestrator == SWARM:
        from stacktest.adapters.engine.swarm.client import SwarmEngine

        return SwarmEngine(connection)
    return Engine(connection)
