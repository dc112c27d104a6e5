"""Containers of the stack's project whose service its files no longer have, as after a renaming.

Such a container runs on beside the new one: it keeps ports, volumes and names that others ask for.
"""

from collections.abc import Iterable

from stacktest.core.compose_command import docker_command
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container

FILES = "com.docker.compose.project.config_files"
"""The label with the files that a container was created from."""


def leftover_lines(stack: Stack, containers: Iterable[Container]) -> list[str]:
    """A sentence for each, with the command that removes it.

    Only of containers that were created from files of this stack alone: what another file of the
    same project defines is somebody else's.
    """
    return [
        f"{container.name} {_state(container)} and is of the service {container.service}, which "
        f"the compose files no longer have: {docker_command(stack, 'rm', '-f', container.name)}"
        for container in sorted(containers, key=lambda container: container.name)
        if container.service not in stack.services
        and not (container.one_off or container.is_temporary)
        and _files(container)
        and _files(container) <= set(stack.compose_files)
    ]


# Private


def _files(container: Container) -> frozenset[str]:
    """Without the one that stacktest lays over them on standard input."""
    return frozenset(container.labels.get(FILES, "").split(",")) - {"", "-"}


def _state(container: Container) -> str:
    return "runs" if container.is_running else f"is {container.state}"
