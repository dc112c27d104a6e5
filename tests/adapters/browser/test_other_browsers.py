"""Firefox and WebKit against good and bad certificates, told of names and CA by our own code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stacktest.adapters.names import ConnectProxy, NameMap
from tests.support.browser_server import browser_network, browser_server
from tests.support.other_browsers import Refused, Visit, firefox, webkit
from tests.support.tls_servers import BAD, HOST, Pki

pytestmark = pytest.mark.real_browser

ENGINES = {"firefox": firefox, "webkit": webkit}
SAID = {
    "firefox": {
        "unknown_ca": "SEC_ERROR_UNKNOWN_ISSUER",
        "wrong_name": "SSL_ERROR_BAD_CERT_DOMAIN",
        "expired": "SEC_ERROR_EXPIRED_CERTIFICATE",
        "not_yet_valid": "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
        "self_signed": "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
        "outside": "NS_ERROR_(PROXY_FORBIDDEN|CONNECTION_REFUSED)",
    },
    # All that is wrong: where the CA was not trusted either, there would be two words.
    "webkit": {
        "unknown_ca": "^unknown-ca$",
        "wrong_name": "^bad-identity$",
        "expired": "^expired$",
        "not_yet_valid": "^not-activated$",
        "self_signed": "^unknown-ca$",
        "outside": "^(Frame load interrupted|SOCKSv5 connection not allowed by ruleset\\.)$",
    },
}


@pytest.fixture(scope="module")
def proxy(pki: Pki) -> Iterator[ConnectProxy]:
    ports = {443: "good"} | {1001 + number: kind for number, kind in enumerate(BAD)}
    doors = {port: ("127.0.0.1", pki.ports[kind]) for port, kind in ports.items()}
    proxy = ConnectProxy(NameMap(hosts=(HOST,), domain="stack.local", doors=doors))
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module", params=["here", pytest.param("there", marks=pytest.mark.slow)])
def proxy_url(
    request: pytest.FixtureRequest,
    proxy: ConnectProxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The proxy itself, or the network that a browser server gives to its browsers."""
    url = proxy.start()
    if request.param == "here":
        yield url
        return
    folder = tmp_path_factory.mktemp("server")
    with (
        browser_server(folder, None, host="127.0.0.1") as server,
        browser_network(server, url) as network,
    ):
        yield network


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def visit(
    engine: str, proxy_url: str, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    with ENGINES[engine](proxy_url, pki.ca, tmp_path_factory.mktemp(engine)) as visit:
        yield visit


def test_a_good_page_loads(visit: Visit) -> None:
    assert visit(f"https://{HOST}/x") == f"GET {HOST} /x"


def test_the_bare_domain_loads(visit: Visit) -> None:
    assert visit("https://stack.local/") == "GET stack.local /"


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_page_is_refused(visit: Visit, engine: str, kind: str) -> None:
    with pytest.raises(Refused, match=SAID[engine][kind]):
        visit(f"https://{HOST}:{1001 + BAD.index(kind)}/")


def test_other_hosts_are_out_of_reach(visit: Visit, engine: str, proxy: ConnectProxy) -> None:
    before = proxy.refused.get("example.com", 0)
    with pytest.raises(Refused, match=SAID[engine]["outside"]):
        visit("https://example.com/")
    assert proxy.refused["example.com"] > before
    # A navigation is cut off, so that no page of the proxy's own is taken for an answer.
    before = proxy.refused["example.com"]
    with pytest.raises(Refused):
        visit("http://example.com/")
    assert proxy.refused["example.com"] > before


@pytest.mark.usefixtures("visit")  # Another one that does trust the CA is running meanwhile.
@pytest.mark.parametrize("told", ["nothing", "another CA"])
def test_without_its_ca_a_good_page_is_refused(
    engine: str, proxy_url: str, pki: Pki, tmp_path: Path, told: str
) -> None:
    ca = None if told == "nothing" else pki.other_ca
    with (
        ENGINES[engine](proxy_url, ca, tmp_path) as visit,
        pytest.raises(Refused, match=SAID[engine]["unknown_ca"]),
    ):
        visit(f"https://{HOST}/x")
