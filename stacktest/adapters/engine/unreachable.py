"""Why an engine was not reached, in one sentence, and the next command."""

import socket
import ssl
from http import HTTPStatus

from stacktest.adapters.engine.connection import USUAL_SOCKET, Connection
from stacktest.errors import ToolMissingError

OLDEST_API = (1, 41)
"""The oldest interface with which this package is tested: that of Docker 20.10."""
NOT_TLS = b"Client sent an HTTP request to an HTTPS server"


def no_answer(connection: Connection, error: Exception) -> ToolMissingError:
    """What an error on the way to the engine means."""
    what, hint = _tls_refusal(connection, error) or _silence(connection, error)
    return ToolMissingError(what, where=connection.address, hint=hint)


def wrong_interface(
    connection: Connection, status: int, body: bytes, version: str
) -> ToolMissingError | None:
    """Why an answer is not one of an engine that can be used; None where it is.

    `version` is the newest interface that the engine has, as its answers say it.
    """
    if status == HTTPStatus.BAD_REQUEST and NOT_TLS in body:
        return ToolMissingError(
            "the container engine wants TLS, and nothing says with which certificates",
            where=connection.address,
            hint="export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER, or use a docker context",
        )
    number = tuple(int(part) for part in version.split(".") if part.isdigit())
    if number and number < OLDEST_API:
        return ToolMissingError(
            f"the container engine is too old: its interface is {version}, and stacktest needs "
            f"{'.'.join(map(str, OLDEST_API))} (Docker 20.10) or newer",
            where=connection.address,
            hint="update the engine, then: stacktest doctor",
        )
    return None


# Private


def _tls_refusal(connection: Connection, error: Exception) -> tuple[str, str] | None:
    folder = connection.certificates
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of the container engine is refused: {error.verify_message}"
        return what, f"put the CA that signed it, for this name, at {folder}/ca.pem"
    if not isinstance(error, ssl.SSLError):
        return None
    if "ALERT" in _reason(error):
        what = f"the container engine refuses our certificate: {_words(error)}"
        return what, f"put a pair that its CA signed at {folder}/cert.pem and {folder}/key.pem"
    what = f"the container engine does not speak TLS there: {_words(error)}"
    return what, "start it with --tlsverify, or correct the port"


def _silence(connection: Connection, error: Exception) -> tuple[str, str]:
    what = f"the container engine does not answer: {error}"
    if isinstance(error, PermissionError):
        return what, "let your user use it (group docker), then: stacktest doctor"
    if isinstance(error, FileNotFoundError) and connection.address != USUAL_SOCKET:
        return (
            what,
            "start it there, or correct DOCKER_HOST or the docker context: docker context ls",
        )
    if not connection.is_elsewhere:
        return what, "start it (systemctl start docker), then: stacktest doctor"
    if isinstance(error, socket.gaierror):
        return what, "correct the name in DOCKER_HOST or in the docker context: docker context ls"
    return what, f"start it on {connection.host}, or correct its address: docker context ls"


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's own word for it; errors that Python made have none."""
    return str(getattr(error, "reason", None) or error)


def _words(error: ssl.SSLError) -> str:
    return _reason(error).replace("_", " ").lower()
