"""Whether the docker command asks the same engine as this package.

Both read the same variables and contexts; a `docker` that is another program, or that has rules of
its own, would create containers where nobody looks for them.
"""

from stacktest.adapters import process
from stacktest.adapters.engine.connection import USUAL_SOCKET
from stacktest.adapters.engine.port import EnginePort
from stacktest.errors import ToolMissingError

ASK = ("docker", "info", "--format", "{{.Name}} {{.DockerRootDir}}")
"""Two engines of one machine may share what they call their ID, and Podman's is never the same."""


def refuse_another_engine(engine: EnginePort) -> None:
    """ToolMissingError where the docker command asks another engine, or does not reach it.

    An engine at the usual socket is not asked: nothing was chosen that could be understood
    otherwise.
    """
    address = engine.connection.address
    if address == USUAL_SOCKET:
        return
    # First by our own connection, which trusts no host that is not known.
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
