"""A remote browser's connections, opened by the proxy that knows the stack's names."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from stacktest.adapters.browser.client_network import ClientNetwork
from stacktest.adapters.names import ConnectProxy, NameMap, Read

MADE = json.dumps(
    {
        "guid": "",
        "method": "__create__",
        "params": {"type": "SocksSupport", "initializer": {}, "guid": "SocksSupport@1"},
    }
).encode()
ASKING = b"GET / HTTP/1.1\r\nHost: app.stack.local\r\nConnection: close\r\n\r\n"


def event(method: str, **params: Any) -> bytes:
    return json.dumps({"guid": "SocksSupport@1", "method": method, "params": params}).encode()


class Server:
    """The server's end: what it was sent."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        await self.calls.put(json.loads(message))

    async def until(self, method: str) -> tuple[dict[str, Any], bytes]:
        """The first call of this method, and the data that came before it."""
        data = b""
        while True:
            call = await asyncio.wait_for(self.calls.get(), 5)
            if call["method"] == "socksData":
                data += base64.b64decode(call["params"]["data"])
            if call["method"] == method:
                return call, data


@pytest.fixture
def drive(serve: Callable[..., int]) -> Any:
    """Runs a story with a network whose stack has one host name, at port 80."""
    doors = {80: ("127.0.0.1", serve()), 81: ("127.0.0.1", 9)}
    proxy = ConnectProxy(NameMap(hosts=("app.stack.local",), domain="stack.local", doors=doors))
    address = urlsplit(proxy.start())

    def run(story: Callable[[ClientNetwork, Server], Awaitable[None]]) -> ConnectProxy:
        async def told() -> None:
            server = Server()
            network = ClientNetwork(server.send, (address.hostname or "", address.port or 0))
            assert not network.takes(MADE)
            await story(network, server)
            await network.close()

        asyncio.run(told())
        return proxy

    yield run
    proxy.stop()


def test_a_name_of_the_stack(drive: Any) -> None:
    async def story(network: ClientNetwork, server: Server) -> None:
        assert network.takes(event("socksRequested", uid="a", host="app.stack.local", port=80))
        call, _ = await server.until("socksConnected")
        assert network.takes(json.dumps({"id": call["id"], "result": {}}).encode())
        asking = base64.b64encode(ASKING).decode()
        assert network.takes(event("socksData", uid="a", data=asking))
        _, data = await server.until("socksEnd")
        assert data.endswith(b"GET app.stack.local /")

    assert drive(story).last_read("app.stack.local", 80).at > 0


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [
        ("example.com", 443, "ERULESET"),
        ("::1", 3000, "ERULESET"),
        ("app.stack.local", 81, "ECONNREFUSED"),
    ],
)
def test_what_is_refused(drive: Any, host: str, port: int, code: str) -> None:
    async def story(network: ClientNetwork, server: Server) -> None:
        assert network.takes(event("socksRequested", uid="a", host=host, port=port))
        call, _ = await server.until("socksFailed")
        assert call["params"] == {"uid": "a", "errorCode": code}

    assert drive(story).last_read(host, port) == Read()


def test_a_browser_that_hangs_up(drive: Any) -> None:
    async def story(network: ClientNetwork, server: Server) -> None:
        network.takes(event("socksRequested", uid="a", host="app.stack.local", port=80))
        await server.until("socksConnected")
        assert network.takes(event("socksClosed", uid="a"))
        assert network.takes(event("socksData", uid="a", data="eA=="))
        assert network.takes(event("socksClosed", uid="never opened"))

    drive(story)


def test_everything_else_is_playwrights(drive: Any) -> None:
    async def story(network: ClientNetwork, _: Server) -> None:
        for document in (
            {"id": 7, "result": {"value": 'the text "id":-2 of a page'}},
            {"id": -99, "result": {}},
            {"guid": "page@1", "method": "console", "params": {"text": "SocksSupport@1"}},
        ):
            assert not network.takes(json.dumps(document, separators=(",", ":")).encode())

    drive(story)
    assert not ClientNetwork(Server().send, ("127.0.0.1", 9)).is_offered
