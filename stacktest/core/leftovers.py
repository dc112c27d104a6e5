"""Containers of the stack's project whose service is no longer in its files, as after a renaming.

Such a container keeps running beside the new one, with its ports, volumes and network names.
"""

from collections.abc import Iterable

from stacktest.core.compose_command import docker_command
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container

FILES = "com.docker.compose.project.config_files"
"""The label with the files that a container was created from."""


def leftover_lines(stack: Stack, containers: Iterable[Container]) -> list[str]:
    """One sentence per leftover container, with the command that removes it.

    Only for containers that were created from files of this stack alone: services that another
    file of the same project defines are not leftovers.
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
    """The files that it was created from, without stacktest's own one from standard input."""
    return frozenset(container.labels.get(FILES, "").split(",")) - {"", "-"}


def _state(container: Container) -> str:
    return "runs" if container.is_running else f"is {container.state}"
