"""The errors of an engine that cannot be reached: the reason in one sentence, and what to do."""

import socket
import ssl
from http import HTTPStatus

from stacktest.adapters.engine.connection import USUAL_SOCKET, Connection
from stacktest.errors import ToolMissingError

OLDEST_API = (1, 41)
"""The oldest version of the API with which this package is tested: that of Docker 20.10."""
NOT_TLS = b"Client sent an HTTP request to an HTTPS server"


def no_answer(connection: Connection, error: Exception) -> ToolMissingError:
    """The error for a connection to the engine that failed with `error`."""
    what, hint = _tls_refusal(connection, error) or _silence(connection, error)
    return ToolMissingError(what, where=connection.address, hint=hint)


def wrong_interface(
    connection: Connection, status: int, body: bytes, version: str
) -> ToolMissingError | None:
    """The error for a response of an engine that cannot be used; None if it can be used.

    `version` is the newest version of the API that the engine has, from its response headers.
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
    """OpenSSL's name of the error; errors that Python itself raised have no name."""
    return str(getattr(error, "reason", None) or error)


def _words(error: ssl.SSLError) -> str:
    return _reason(error).replace("_", " ").lower()
