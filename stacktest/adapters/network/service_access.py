"""Access to one service from inside of the stack's network: HTTP, TCP and commands."""

import functools
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network.connect import Connect, Connector
from stacktest.adapters.network.port_forward import PortForward
from stacktest.adapters.process import Completed
from stacktest.core.compose_command import compose_command
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.errors import StackNotReadyError

if TYPE_CHECKING:
    import httpx


NO_ANSWER = frozenset({125, 126, 127, 137})
"""Exit codes of a command that the engine could not run, that is not there, or that was killed."""


class ServiceAccess:
    """HTTP and TCP connections to one service, and commands in its container.

    `on_answer` is called for every answer, with the port that it came from, None for a command;
    `on_port` is called before the address of a port is returned.
    """

    def __init__(
        self,
        model: Stack,
        engine: EnginePort,
        connector: Connector,
        service: str,
        *,
        on_answer: Callable[[int | None], None],
        client: "Callable[..., httpx.Client]",
        on_port: Callable[[int], None] | None = None,
    ) -> None:
        self._model, self._engine, self._connector = model, engine, connector
        self.service = service
        self._on_answer, self._on_port = on_answer, on_port
        self._client = client
        self._forwards: dict[int, PortForward] = {}
        self._clients: list[httpx.Client] = []
        self._connect: Connect | None = None

    def __repr__(self) -> str:
        return f"ServiceAccess({self.service!r})"

    def address(self, port: int) -> tuple[str, int]:
        """Host and port for a driver, forwarded to `port` of the service.

        Raises ConnectionRefusedError if the port is closed.
        """
        if port not in self._forwards:
            if self._on_port:
                self._on_port(port)
            if self._connect is None:
                self._connect = self._connector.to(self.container().id)
            try:
                self._connect(port).close()
            except OSError as error:
                raise ConnectionRefusedError(f"{self.service}:{port}: {error}") from error
            self._forwards[port] = PortForward(
                self._connect, port, functools.partial(self._on_answer, port)
            )
        return self._forwards[port].address

    def connect(self, port: int, timeout: float = 10.0) -> socket.socket:
        """A socket connected to `port` of the service; close it."""
        return socket.create_connection(self.address(port), timeout=timeout)

    def http(self, port: int, **options: Any) -> "httpx.Client":
        """A client for `http://service:port`; redirects to other hosts are refused."""
        client = self._client(self.service, port, self.address(port), **options)
        self._clients.append(client)
        return client

    def run(
        self,
        *argv: str,
        user: str | None = None,
        input: str | bytes | None = None,  # noqa: A002 - as subprocess.run calls it
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command in the service's own container; returns its exit code and output.

        Every exit code counts as an answer of the service, also a failure, except those of a
        command that did not run or was killed.
        """
        code, out, err = self._engine.execute(
            self.container().id,
            argv,
            user=user or "",
            env=env,
            stdin=input.encode() if isinstance(input, str) else input,
        )
        if code not in NO_ANSWER:
            self._on_answer(None)
        return Completed(argv=argv, code=code, out=out, err=err)

    def container(self) -> Container:
        """The service's running container."""
        containers = [
            container
            for container in self._engine.containers(self._model.name)
            if container.service == self.service and not container.one_off
        ]
        for container in containers:
            if container.is_running:
                return container
        states = ", ".join(sorted({container.state for container in containers})) or "none at all"
        raise StackNotReadyError(
            f"service {self.service} has no running container (it has: {states})",
            where=f"services.{self.service}",
            hint=compose_command(self._model, "logs", services=[self.service]),
            service=self.service,
        )

    def close(self) -> None:
        """Close all clients and forwarded ports."""
        for client in self._clients:
            client.close()
        for forward in self._forwards.values():
            forward.close()
        self._clients.clear()
        self._forwards.clear()
