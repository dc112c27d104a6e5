"""Checks that the docker command uses the same engine as this package.

Both read the same variables and contexts; but a `docker` that is another program, or that has rules
of its own, would create containers on an engine that this package does not see.
"""

from stacktest.adapters import process
from stacktest.adapters.engine.connection import USUAL_SOCKET
from stacktest.adapters.engine.port import EnginePort
from stacktest.errors import ToolMissingError

ASK = ("docker", "info", "--format", "{{.Name}} {{.DockerRootDir}}")
"""Name and folder, not the ID: two engines of one machine may share it, and Podman's changes."""


def refuse_another_engine(engine: EnginePort) -> None:
    """ToolMissingError if the docker command uses another engine, or does not reach the engine.

    Not checked for the default socket: no setting selects an engine that the docker command could
    read differently.
    """
    address = engine.connection.address
    if address == USUAL_SOCKET:
        return
    # The own connection comes first: it refuses unknown ssh hosts.
    info = engine.info()
    answer = process.run(ASK, timeout=60)
    if answer.code != 0:
        raise ToolMissingError(
            f"the docker command does not reach the engine: {answer.tail}",
            where=address,
            hint="docker info, until it works, then: stacktest doctor",
        )
    here, there = f"{info.get('Name')} {info.get('DockerRootDir')}", answer.out.strip()
    if here != there:
        raise ToolMissingError(
            "the docker command asks another engine than stacktest",
            where=f"docker info says {there}, {address} says {here}",
            hint="docker context ls, and: env | grep DOCKER",
        )
