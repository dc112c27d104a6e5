"""Where the container engine is, and with which certificates: one rule for every connection.

    DOCKER_HOST is set           that address; TLS for https, or with DOCKER_TLS_VERIFY for tcp
    a docker context is chosen   the context's address, and its own certificates
    neither                      the usual socket

A context is chosen by DOCKER_CONTEXT or by `docker context use`. The certificates of DOCKER_HOST
are in DOCKER_CERT_PATH, else in the docker command's own folder.
"""

import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stacktest.adapters import process
from stacktest.errors import StacktestError, ToolMissingError

if TYPE_CHECKING:
    from docker import APIClient

USUAL_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """The address of an engine, and where TLS is used the folder of its `ca.pem` and key."""

    address: str
    certificates: Path | None = None

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings for a connection of our own; None where the engine uses no TLS."""
        if self.certificates is None:
            return None
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

    def sdk(self) -> "APIClient":
        """A client of the Docker SDK; close it. Importing it costs some 200 ms."""
        from docker import APIClient
        from docker.errors import DockerException
        from docker.tls import TLSConfig

        tls: TLSConfig | bool = False
        if self.certificates is not None:
            ca = str(self.certificates / "ca.pem")
            tls = TLSConfig(client_cert=self._client_pair(), ca_cert=ca, verify=True)
        try:
            return APIClient(base_url=self.address, version="auto", tls=tls)
        except DockerException as error:
            raise StacktestError(
                f"the Docker SDK cannot connect: {error}",
                where=self.address,
                hint="stacktest doctor",
            ) from error

    # Private

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
    if context and context != "default" and (connection := _of_context(context, environ)):
        return connection
    return Connection(address=USUAL_SOCKET)


def connection_to(address: str, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection to an address, with the certificates that the environment names for it."""
    environ = os.environ if environ is None else environ
    scheme = urlsplit(address).scheme
    if scheme == "https" or (scheme == "tcp" and environ.get("DOCKER_TLS_VERIFY")):
        folder = environ.get("DOCKER_CERT_PATH") or _docker_folder(environ)
        return Connection(address=address, certificates=Path(folder))
    return Connection(address=address)


# Private


def _docker_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _chosen_context(environ: Mapping[str, str]) -> str:
    try:
        text = (_docker_folder(environ) / "config.json").read_text(encoding="utf-8")
        return str(json.loads(text).get("currentContext", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        # No configuration, or one that the docker command itself would complain about.
        return ""


def _of_context(name: str, environ: Mapping[str, str]) -> Connection | None:
    inspected = process.run(("docker", "context", "inspect", name), env=environ)
    try:
        document = json.loads(inspected.out)[0]
        address = str(document["Endpoints"]["docker"]["Host"])
        has_certificates = "docker" in (document.get("TLSMaterial") or {})
        folder = Path(document["Storage"]["TLSPath"]) / "docker"
    except (ValueError, LookupError, TypeError, RecursionError):
        # A context that the docker command does not know: it says so itself where it is used.
        return None
    return Connection(address=address, certificates=folder if has_certificates else None)
