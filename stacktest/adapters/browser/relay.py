"""A WebSocket relay between Playwright and a browser server; opens the browser's connections.

    Playwright ── ws://127.0.0.1:PORT/… ── Relay ── the endpoint ── browser
                                             └── ConnectProxy ── the stack

Playwright knows only the relay's address, so none of its logs, traces or messages holds the token
of the endpoint. `client_network` opens the browser's connections.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from functools import partial

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from stacktest.adapters.browser.client_network import ClientNetwork
from stacktest.adapters.browser.server_connection import NETWORK, open_connection
from stacktest.adapters.browser.server_errors import went_away, without_network
from stacktest.adapters.event_loop_thread import LoopThread
from stacktest.core.browser_endpoint import Endpoint
from stacktest.errors import ToolMissingError


class Relay:
    """Relays messages of Playwright and the server; `proxy` resolves the stack's names."""

    def __init__(self, endpoint: Endpoint, proxy: tuple[str, int]) -> None:
        self.endpoint = endpoint
        self.refusal: ToolMissingError | None = None
        """Why the last connection to the server could not be used at all."""
        self.loss: ToolMissingError | None = None
        """Why the server's connection ended while Playwright used it."""
        self._proxy = proxy
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._thread: LoopThread | None = None
        self._server: Server | None = None

    def start(self) -> str:
        """Listen, and return the URL for Playwright."""
        self._thread = LoopThread("stacktest-browser-relay")
        self._server = self._thread.call(self._listen())
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}{self._path}"

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._thread is not None and self._server is not None:
            self._thread.call(_close(self._server))
            self._thread.stop()

    # Private

    async def _listen(self) -> Server:
        return await serve(
            self._answer, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None
        )

    async def _answer(self, driver: ServerConnection) -> None:
        request = driver.request
        if request is None or request.path != self._path:
            await driver.close(_REFUSED)
            return
        self.refusal = None
        agent = request.headers.get("User-Agent", "")
        try:
            server = await open_connection(self.endpoint, agent, _passed_on(request.headers))
        except ToolMissingError as error:
            self.refusal = error
            await driver.close(_REFUSED, "the browser server cannot be used")
            return
        network = ClientNetwork(partial(server.send, text=True), self._proxy)
        try:
            await self._carry(driver, server, network)
        finally:
            await network.close()
            # A closing handshake would first read all messages that the server still sends.
            server.transport.abort()
            await driver.close()

    async def _carry(
        self, driver: ServerConnection, server: ClientConnection, network: ClientNetwork
    ) -> None:
        sending = asyncio.ensure_future(_send_on(driver, server))
        answering = asyncio.ensure_future(self._answer_back(server, driver, network))
        await asyncio.wait((sending, answering), return_when=asyncio.FIRST_COMPLETED)
        # When a test closes the browser, Playwright is the first to close its connection.
        is_in_use = driver.state is State.OPEN
        for task in (sending, answering):
            task.cancel()
        ends = await asyncio.gather(sending, answering, return_exceptions=True)
        if self.refusal is None and is_in_use:
            why = [str(end) for end in ends if isinstance(end, Exception)]
            self.loss = went_away(self.endpoint, server.close_reason or " ".join(why))

    async def _answer_back(
        self, server: ClientConnection, driver: ServerConnection, network: ClientNetwork
    ) -> None:
        async for message in _messages(server):
            if network.takes(message):
                continue
            if not network.is_offered and _has_browser(message):
                self.refusal = without_network(self.endpoint)
                return
            await driver.send(message, text=True)


# Private

_REFUSED = 1008
_OWN_HEADERS = frozenset({"host", "connection", "upgrade", "user-agent", NETWORK})


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of Playwright that the server needs: kind of browser, launch options, client."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in _OWN_HEADERS and not name.lower().startswith("sec-websocket-")
    }


def _has_browser(message: bytes) -> bool:
    """Whether the message announces a browser; the `SocksSupport` object is announced before it."""
    return b'"__create__"' in message and b'"preLaunchedBrowser"' in message


async def _close(server: Server) -> None:
    server.close()
    await server.wait_closed()


async def _messages(source: ClientConnection | ServerConnection) -> AsyncIterator[bytes]:
    """The messages, undecoded, until the connection is closed."""
    while True:
        try:
            yield await source.recv(decode=False)
        except ConnectionClosed:
            return


async def _send_on(driver: ServerConnection, server: ClientConnection) -> None:
    async for message in _messages(driver):
        await server.send(message, text=True)
