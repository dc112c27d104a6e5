"""Short-lived containers that run one program: without a network, as root, removed at the end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from stacktest.adapters.engine.connection import Connection
from stacktest.adapters.engine.labels import without_project
from stacktest.errors import ToolFailedError

if TYPE_CHECKING:
    from docker import APIClient

Folders = Mapping[str, tuple[str, bool]]
"""Volume or folder of the host → its path in the container, and whether it is writable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolContainer:
    """The image, mounts, labels and variables of such a container."""

    image: str
    folders: Folders
    labels: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)

    def run(
        self, connection: Connection, argv: Sequence[str], *, timeout: float
    ) -> tuple[int, str]:
        """Exit code and output of one program. StacktestError: the container was not created."""
        from docker.errors import APIError

        with closing(connection.sdk()) as sdk, self._made(sdk, argv) as container:
            try:
                sdk.start(container)
                code = int(sdk.wait(container, timeout=int(timeout))["StatusCode"])
                return code, sdk.logs(container).decode(errors="replace")
            except APIError as error:
                return _NOT_STARTED, str(error.explanation)

    @contextmanager
    def waiting(self, connection: Connection) -> Iterator[str]:
        """Id of a running, idle container. StacktestError: the container could not be started."""
        from docker.errors import APIError

        with closing(connection.sdk()) as sdk, self._made(sdk, _WAIT) as container:
            try:
                sdk.start(container)
            except APIError as error:
                raise ToolFailedError(
                    f"no container of {self.image} starts: {error.explanation}", where=self.image
                ) from error
            yield container

    # Private

    @contextmanager
    def _made(self, sdk: "APIClient", argv: Sequence[str]) -> Iterator[str]:
        from docker.errors import APIError

        binds: dict[str, Mapping[str, str]] = {
            source: {"bind": target, "mode": "rw" if is_writable else "ro"}
            for source, (target, is_writable) in self.folders.items()
        }
        try:
            created = sdk.create_container(
                self.image,
                entrypoint=list(argv)[:1],
                command=list(argv)[1:],
                user="0:0",
                stdin_open=True,
                healthcheck={"test": ["NONE"]},
                labels=without_project(self.labels),
                environment=dict(self.env),
                host_config=sdk.create_host_config(network_mode="none", binds=binds),
            )
        except APIError as error:
            raise ToolFailedError(
                f"no container can be made from {self.image}: {error.explanation}", where=self.image
            ) from error
        try:
            yield str(created["Id"])
        finally:
            _remove(sdk, str(created["Id"]))


def is_being_removed(status: int | None, message: str) -> bool:
    """Whether the engine refuses to remove a container since another client is removing it."""
    return status == HTTPStatus.CONFLICT and _BEING_REMOVED in message


# Private

_BEING_REMOVED = "is already in progress"


def _remove(sdk: "APIClient", container: str) -> None:
    """Remove the container; no error if another process (the reaper) is removing it already."""
    from docker.errors import APIError

    try:
        sdk.remove_container(container, force=True)
    except APIError as error:
        is_gone = error.status_code == HTTPStatus.NOT_FOUND
        if not is_gone and not is_being_removed(error.status_code, str(error.explanation)):
            raise ToolFailedError(
                f"container {container[:12]} cannot be removed: {error.explanation}",
                where="docker rm",
                hint=f"docker rm --force {container[:12]}",
            ) from error


_NOT_STARTED = 127
# Blocks: standard input is open and nothing is written to it. Every shell has `read`.
_WAIT = ("sh", "-c", "read nothing")
