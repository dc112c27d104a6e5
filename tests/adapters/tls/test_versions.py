import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from stacktest.adapters.tls.versions import VERSIONS, accepts, number_of
from tests.support.tls_servers import HOST, Pki

LOCAL = "127.0.0.1"


@pytest.fixture
def at_versions(serve: Callable[..., int]) -> Callable[[str, str], int]:
    """A server that speaks from one version to another one; its port."""

    def start(lowest: str, highest: str) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # This program's own TLS has to be talked into what a bad server does.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = getattr(ssl.TLSVersion, lowest)
        context.maximum_version = getattr(ssl.TLSVersion, highest)
        trustme.CA().issue_cert(HOST).configure_cert(context)
        return serve(context)

    return start


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        ("TLSv1_2", "TLSv1_3", {"TLSv1.2", "TLSv1.3"}),
        ("TLSv1_2", "TLSv1_2", {"TLSv1.2"}),
        ("TLSv1_3", "TLSv1_3", {"TLSv1.3"}),
        ("TLSv1", "TLSv1_2", {"TLSv1", "TLSv1.1", "TLSv1.2"}),
        ("TLSv1_1", "TLSv1_1", {"TLSv1.1"}),
    ],
)
def test_which_versions_a_server_speaks(
    at_versions: Callable[[str, str], int], lowest: str, highest: str, expected: set[str]
) -> None:
    port = at_versions(lowest, highest)
    accepted = {name for name, number in VERSIONS.items() if accepts(HOST, (LOCAL, port), number)}
    assert accepted == expected


def test_who_speaks_no_tls_accepts_no_version(serve: Callable[..., int]) -> None:
    port = serve()
    assert not any(accepts(HOST, (LOCAL, port), number) for number in VERSIONS.values())


def test_a_name_is_asked_for_unless_it_is_an_address(pki: Pki) -> None:
    address = (LOCAL, pki.ports["good"])
    assert accepts(HOST, address, VERSIONS["TLSv1.3"])
    assert accepts(LOCAL, address, VERSIONS["TLSv1.3"])


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="refused"):
        accepts(HOST, (LOCAL, 1), VERSIONS["TLSv1.2"])


def test_names_of_versions() -> None:
    assert number_of("TLSv1.0") == number_of("TLSv1") == 0x0301
    assert number_of("TLS 1.2") is None
