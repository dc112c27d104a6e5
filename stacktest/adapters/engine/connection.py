"""The address and the certificates of the container engine: one rule for every connection.

    DOCKER_HOST is set           that address; TLS for https, or with DOCKER_TLS_VERIFY for tcp
    a docker context is chosen   the context's address, and its own certificates
    neither                      the default socket

A context is chosen by `context` under [stack], by DOCKER_CONTEXT or by `docker context use`. The
certificates of DOCKER_HOST are in DOCKER_CERT_PATH, else in the docker command's own folder. The
docker command reads the same variables, so that it uses the same engine.

    unix://FILE                  an engine of this machine
    tcp://HOST:PORT              possibly another machine, with its own files and ports
    ssh://USER@HOST              likewise, through a socket that ssh forwards (module `ssh`)
"""

import json
import os
import socket
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from stacktest.adapters import process
from stacktest.errors import ToolFailedError, ToolMissingError, UsageError

if TYPE_CHECKING:
    import ssl

    from docker import APIClient

SWARM: Literal["swarm"] = "swarm"
USUAL_SOCKET = "unix:///var/run/docker.sock"
TLS_PORT, PLAIN_PORT = 2376, 2375


class Connection(Struct, frozen=True, kw_only=True):
    """The address of an engine and, if it uses TLS, the folder of `ca.pem` and the client's key."""

    address: str
    certificates: Path | None = None
    orchestrator: Literal["", "swarm"] = ""
    """What runs the containers: empty for the engine itself, or the swarm that it manages."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the engine may be on another machine, with its own files and ports."""
        return self._scheme != "unix"

    @property
    def host(self) -> str:
        """The host at which ports are reached that the engine publishes on all addresses."""
        if self._scheme == "ssh":
            from stacktest.adapters.engine.ssh import host_name

            return host_name(self.address)
        return self.tcp_address()[0] if self.is_elsewhere else "127.0.0.1"

    def socket_file(self) -> str | None:
        """The socket file of the engine; None if it is reached by TCP."""
        if self._scheme == "ssh":
            from stacktest.adapters.engine.ssh import forwarded_socket

            return str(forwarded_socket(self.address))
        return urlsplit(self.address).path if self._scheme == "unix" else None

    def tcp_address(self) -> tuple[str, int]:
        """Host and port of an engine that is reached by TCP; UsageError for any other address."""
        parts = urlsplit(self.address)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in {"tcp", "http", "https"} or not host:
            raise UsageError(
                f"{self.address!r} is not the address of an engine",
                where="DOCKER_HOST or the docker context",
                hint="write unix://FILE, tcp://HOST:PORT or ssh://USER@HOST",
            )
        return host, port or (PLAIN_PORT if self.certificates is None else TLS_PORT)

    def tls_context(self) -> "ssl.SSLContext | None":
        """The TLS context for a direct connection; None if the engine uses no TLS."""
        if self.certificates is None:
            return None
        import ssl

        try:
            context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
            if pair := self._client_pair():
                context.load_cert_chain(*pair)
        except OSError as error:
            raise ToolMissingError(
                f"the certificates for the container engine cannot be read: {error}",
                where=str(self.certificates),
                hint="put ca.pem, cert.pem and key.pem there, or set DOCKER_CERT_PATH",
            ) from error
        return context

    def words(self) -> list[str]:
        """The connection as arguments for another process; `read_connection` parses them."""
        return [self.address, str(self.certificates or ""), self.orchestrator]

    def sdk(self) -> "APIClient":
        """A client of the Docker SDK; the caller closes it. Its import takes some 200 ms."""
        from docker import APIClient
        from docker.errors import DockerException

        socket_file = self.socket_file() or self._tls_socket_file()
        address = self.address if socket_file is None else f"unix://{socket_file}"
        try:
            return APIClient(base_url=address, version="auto")
        except DockerException as error:
            raise ToolFailedError(
                f"the Docker SDK cannot connect: {error}",
                where=self.address,
                hint="stacktest doctor",
            ) from error

    # Private

    @property
    def _scheme(self) -> str:
        return urlsplit(self.address).scheme

    def _tls_socket_file(self) -> str | None:
        """A socket file for the SDK, whose own TLS sockets cannot close only one direction."""
        if (context := self.tls_context()) is None:
            return None
        from stacktest.adapters.engine.tls_relay import SecureConnection, secured, socket_file_to

        host, port = self.tcp_address()

        def connect() -> SecureConnection:
            return secured(socket.create_connection((host, port)), context, host)

        return socket_file_to(self, connect)

    def _client_pair(self) -> tuple[str, str] | None:
        if self.certificates is None or not (self.certificates / "cert.pem").is_file():
            return None
        return str(self.certificates / "cert.pem"), str(self.certificates / "key.pem")


def find_connection(environ: Mapping[str, str] | None = None) -> Connection:
    """The engine that the docker command would use."""
    environ = os.environ if environ is None else environ
    if address := environ.get("DOCKER_HOST"):
        return connection_to(address, environ)
    context = environ.get("DOCKER_CONTEXT") or _chosen_context(environ)
    if context and context != "default":
        return context_connection(context, environ)
    return Connection(address=USUAL_SOCKET)


def choose_context(name: str, environ: MutableMapping[str, str]) -> None:
    """Make this process and its children use the engine of the context that a stack names.

    UsageError if a variable names another engine: the two settings contradict each other.
    """
    if not name:
        return
    rival = next((key for key in ("DOCKER_HOST", "DOCKER_CONTEXT") if environ.get(key)), "")
    if rival == "DOCKER_HOST":
        is_same = context_connection(name, environ).address == environ[rival]
    else:
        is_same = not rival or environ[rival] == name
    if not is_same:
        raise UsageError(
            f"two engines are named: the context {name} by the stack, {environ[rival]} by {rival}",
            where="stacktest.toml:stack.context",
            hint=f"unset {rival}, or name the context for this command: STACKTEST_CONTEXT",
        )
    if not rival:
        environ["DOCKER_CONTEXT"] = name


def connection_to(address: str, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection to an address, with the certificates that the environment names for it."""
    environ = os.environ if environ is None else environ
    scheme = urlsplit(address).scheme
    if scheme == "https" or (scheme == "tcp" and environ.get("DOCKER_TLS_VERIFY")):
        folder = environ.get("DOCKER_CERT_PATH") or _docker_folder(environ)
        return Connection(address=address, certificates=Path(folder))
    return Connection(address=address)


def context_connection(name: str, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection of a docker context; ToolMissingError if the context is not known."""
    environ = os.environ if environ is None else environ
    inspected = process.run(("docker", "context", "inspect", name), env=environ)
    try:
        document = json.loads(inspected.out)[0]
        address = str(document["Endpoints"]["docker"]["Host"])
        has_certificates = "docker" in (document.get("TLSMaterial") or {})
        folder = Path(document["Storage"]["TLSPath"]) / "docker"
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ToolMissingError(
            f"the docker context {name!r} is not known, or cannot be read",
            where="`context` under [stack], DOCKER_CONTEXT or `docker context use`",
            hint="docker context ls",
        ) from error
    return Connection(address=address, certificates=folder if has_certificates else None)


def read_connection(words: Sequence[str]) -> Connection:
    """The connection that another process passed as the arguments of `Connection.words`."""
    address, certificates, orchestrator = words
    folder = Path(certificates) if certificates else None
    swarm = SWARM if orchestrator == SWARM else ""
    return Connection(address=address, certificates=folder, orchestrator=swarm)


# Private


def _docker_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _chosen_context(environ: Mapping[str, str]) -> str:
    try:
        text = (_docker_folder(environ) / "config.json").read_text(encoding="utf-8")
        return str(json.loads(text).get("currentContext", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        # No configuration, or one that the docker command itself reports as faulty.
        return ""
