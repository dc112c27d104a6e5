"""Names asked of a real DNS server (stacktest's own small one, on a real socket)."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from stacktest.adapters.names import (
    NameMap,
    NameServer,
    NoAddress,
    http_client,
    look_up_all,
    name_map,
)
from stacktest.adapters.names import remote_dns as realdns
from stacktest.adapters.tls import client_context
from stacktest.core.model import Stack
from tests.support.tls_servers import HOST, Pki

KNOWN = NameMap(hosts=(HOST,), domain="stack.local")


def refused(address: str | NoAddress) -> NoAddress:
    assert isinstance(address, NoAddress)
    return address


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    running = NameServer(KNOWN, answer_with=request.param)
    host, port = running.start()
    yield f"{host}:{port}", request.param
    running.stop()


def test_what_it_knows_and_what_it_does_not(server: tuple[str, str]) -> None:
    address, answer = server
    found = look_up_all(address, [HOST, "gone.stack.local", "example.org", "*.apps.stack.local"])
    assert found[HOST] == answer
    assert found["gone.stack.local"] == NoAddress(
        why=f"the name server {address} has no address for 'gone.stack.local': it does not exist"
    )
    assert refused(found["example.org"]).why.startswith(
        f"the name server {address} has no address for 'example.org': "
    )
    assert set(found) == {HOST, "gone.stack.local", "example.org"}, "a pattern is no name"


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realdns, "PATIENCE", 0.2)
    found = look_up_all("127.0.0.1:1", [HOST])
    assert refused(found[HOST]).why.startswith("the name server 127.0.0.1:1 has no address for")


def test_a_request_goes_to_the_address_that_dns_gave(
    pki: Pki, make_stack: Callable[..., Stack]
) -> None:
    stack = make_stack("caddy", ports=())
    port = pki.ports["good"]
    names = name_map(stack, looked_up={HOST: "127.0.0.1", "gone.stack.local": NoAddress(why="no")})
    assert names.resolve(f"{HOST.upper()}.", port) == ("127.0.0.1", port)
    with http_client(names, client_context(pki.ca)) as client:
        assert client.get(f"https://{HOST}:{port}/").status_code == httpx.codes.OK
        with pytest.raises(httpx.ConnectError, match="no"):
            client.get(f"https://gone.stack.local:{port}/")
