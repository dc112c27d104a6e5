"""Why an engine was not reached, in one sentence."""

import socket
import ssl
from pathlib import Path

import pytest

from stacktest.adapters.engine.connection import USUAL_SOCKET, Connection
from stacktest.adapters.engine.unreachable import NOT_TLS, no_answer, wrong_interface

NEAR = Connection(address=USUAL_SOCKET)
OTHER = Connection(address="unix:///other")
FAR = Connection(address="tcp://far:2376", certificates=Path("/certs"))


def alert() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]")
    error.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


@pytest.mark.parametrize(
    ("connection", "error", "what", "hint"),
    [
        (NEAR, ConnectionRefusedError("no"), "does not answer: no", "systemctl start docker"),
        (OTHER, FileNotFoundError("no"), "does not answer: no", "correct DOCKER_HOST"),
        (NEAR, FileNotFoundError("no"), "does not answer: no", "systemctl start docker"),
        (NEAR, PermissionError("no"), "does not answer: no", "group docker"),
        (FAR, TimeoutError("timed out"), "does not answer: timed out", "start it on far"),
        (FAR, socket.gaierror(-2, "unknown"), "does not answer: ", "correct the name"),
        (FAR, untrusted(), "is refused: unable to get local issuer", "/certs/ca.pem"),
        (FAR, alert(), "refuses our certificate: tlsv13 alert", "/certs/cert.pem"),
        (FAR, ssl.SSLError(1, "wrong"), "does not speak TLS there", "--tlsverify"),
    ],
)
def test_what_an_error_means(connection: Connection, error: OSError, what: str, hint: str) -> None:
    refusal = no_answer(connection, error)
    assert what in refusal.what
    assert hint in refusal.hint
    assert refusal.where == connection.address


@pytest.mark.parametrize(
    ("status", "body", "version", "what"),
    [
        (400, NOT_TLS, "", "wants TLS"),
        (200, b"", "1.40", "is too old: its interface is 1.40, and stacktest needs 1.41"),
        (200, b"", "1.9", "is too old"),
    ],
)
def test_an_engine_that_cannot_be_used(status: int, body: bytes, version: str, what: str) -> None:
    refusal = wrong_interface(FAR, status, body, version)
    assert refusal is not None
    assert what in refusal.what


@pytest.mark.parametrize(
    ("status", "version"), [(200, "1.41"), (200, "1.100"), (200, "2.0"), (400, ""), (200, "x")]
)
def test_an_engine_that_can_be_used(status: int, version: str) -> None:
    assert wrong_interface(FAR, status, b'{"message": "no"}', version) is None
