"""A server is trusted for its certificate, whatever a client thinks of it."""

import ssl
import threading
from collections.abc import Callable

import pytest

from stacktest.adapters.tls import ServerTrust
from tests.support.tls_servers import BAD, HOST, Pki


def address(port: int) -> tuple[str, int]:
    return "127.0.0.1", port


def test_a_good_server_is_asked_once(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = ServerTrust(pki.ca)
    assert trust.objection(HOST, address(pki.ports["good"])) == ""
    monkeypatch.setattr("stacktest.adapters.tls.server_trust.socket.create_connection", None)
    assert trust.objection(HOST, address(pki.ports["good"])) == ""


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_server_is_not_trusted(kind: str, pki: Pki) -> None:
    assert ServerTrust(pki.ca).objection(HOST, address(pki.ports[kind]))


def test_trust_is_for_the_name_and_for_the_address(pki: Pki) -> None:
    trust = ServerTrust(pki.ca)
    assert trust.objection(HOST, address(pki.ports["good"])) == ""
    assert "mismatch" in trust.objection("other.example", address(pki.ports["good"]))
    assert "expired" in trust.objection(HOST, address(pki.ports["expired"]))


def test_an_objection_is_not_kept_for_long(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = ServerTrust(pki.ca)
    port = pki.ports["good"]
    now = 100.0
    monkeypatch.setattr("stacktest.adapters.tls.server_trust.time.monotonic", lambda: now)
    monkeypatch.setattr(ServerTrust, "_ask", lambda *_: "expired")
    assert trust.objection(HOST, address(port)) == "expired"
    monkeypatch.undo()
    monkeypatch.setattr("stacktest.adapters.tls.server_trust.time.monotonic", lambda: now + 0.5)
    assert trust.objection(HOST, address(port)) == "expired"
    monkeypatch.setattr("stacktest.adapters.tls.server_trust.time.monotonic", lambda: now + 1.5)
    assert trust.objection(HOST, address(port)) == ""


def test_a_server_that_cannot_be_asked_is_not_trusted(pki: Pki, serve: Callable[..., int]) -> None:
    assert "could not be asked" in ServerTrust(pki.ca).objection(HOST, address(1))
    assert ServerTrust(pki.ca).objection(HOST, address(serve())), "it speaks no TLS"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_client_certificate_has_shown_its_own(
    version: ssl.TLSVersion, pki: Pki, serve: Callable[..., int]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki.ca))
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    pki.leaf.configure_cert(context)
    why = ServerTrust(pki.ca).objection(HOST, address(serve(context)))
    if version is ssl.TLSVersion.TLSv1_3:
        assert why == ""
    else:
        # OpenSSL's alert is the same as for no common cipher: then nothing was verified.
        assert "HANDSHAKE_FAILURE" in why


def test_its_context_is_nobody_elses(pki: Pki) -> None:
    from stacktest.adapters.tls import client_context

    trust = ServerTrust(pki.ca)
    shared = client_context(pki.ca)
    shared.check_hostname = False
    shared.verify_mode = ssl.CERT_NONE
    try:
        assert trust.objection(HOST, address(pki.ports["unknown_ca"]))
    finally:
        shared.verify_mode = ssl.CERT_REQUIRED
        shared.check_hostname = True


def test_threads_may_share_it(pki: Pki) -> None:
    trust = ServerTrust(pki.ca)
    objections: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: objections.append(trust.objection(HOST, address(pki.ports["good"])))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert objections == [""] * 8


def test_a_dot_at_the_end_makes_no_other_name(pki: Pki) -> None:
    assert ServerTrust(pki.ca).objection(f"{HOST}.", address(pki.ports["good"])) == ""
    assert ServerTrust(pki.ca).objection("other.example.", address(pki.ports["good"]))
