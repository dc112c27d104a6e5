"""What stands between Playwright and a browser server, without either."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from stacktest.adapters.browser.relay import Relay
from stacktest.core.browser_endpoint import Endpoint

Story = Callable[[ClientConnection, Relay], Awaitable[None]]
NETWORK = json.dumps(
    {"method": "__create__", "params": {"type": "SocksSupport", "guid": "SocksSupport@1"}}
)
BROWSER = json.dumps(
    {
        "method": "__create__",
        "params": {"type": "Playwright", "initializer": {"preLaunchedBrowser": {"guid": "b"}}},
    }
)


def play(answer: Callable[[ServerConnection], Awaitable[None]], story: Story) -> Relay:
    """A story of Playwright's end; `answer` is the server's."""

    async def run() -> Relay:
        async with serve(answer, "127.0.0.1", 0, max_size=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            relay = Relay(Endpoint(f"ws://127.0.0.1:{port}/Canary-1"), ("127.0.0.1", 9))
            address = await asyncio.to_thread(relay.start)
            assert "Canary" not in address
            agent = "Playwright/1.65.2"
            headers = {"Authorization": "Bearer of a grid", "x-playwright-proxy": ""}
            async with connect(
                address, user_agent_header=agent, additional_headers=headers, max_size=None
            ) as driver:
                await story(driver, relay)
            await asyncio.to_thread(relay.stop)
            return relay

    return asyncio.run(run())


def test_messages_go_both_ways_unchanged() -> None:
    async def echo(server: ServerConnection) -> None:
        assert server.request is not None
        assert server.request.path == "/Canary-1"
        assert server.request.headers["x-playwright-proxy"] == "*"
        assert server.request.headers["User-Agent"] == "Playwright/1.65.2"
        assert server.request.headers["Authorization"] == "Bearer of a grid"
        await server.send(NETWORK)
        async for message in server:
            await server.send(message)

    async def story(driver: ClientConnection, _: Relay) -> None:
        assert await driver.recv() == NETWORK
        text = '{"id": 1, "text": "ä' + "x" * 3_000_000 + '"}'
        await driver.send(text)
        assert await driver.recv() == text

    relay = play(echo, story)
    assert relay.refusal is relay.loss is None


def test_a_server_that_goes_away() -> None:
    async def leave(server: ServerConnection) -> None:
        await server.send(NETWORK)
        await server.close(1001, "shutting down")

    async def story(driver: ClientConnection, relay: Relay) -> None:
        assert await driver.recv() == NETWORK
        with pytest.raises(ConnectionClosed):
            await driver.recv()
        assert relay.loss is not None
        assert relay.loss.what.endswith("went away while tests ran: shutting down")

    play(leave, story)


def test_a_browser_that_is_closed_while_its_server_talks_is_not_lost() -> None:
    async def talk(server: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await server.send("{}")
                # The story runs in the same loop.
                await asyncio.sleep(0)

    async def story(driver: ClientConnection, _: Relay) -> None:
        async def read() -> None:
            async for _ in driver:
                pass

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0.1)
        await driver.close()
        await reading

    assert play(talk, story).loss is None


def test_what_is_not_of_the_protocol_ends_the_connection() -> None:
    async def babble(server: ServerConnection) -> None:
        await server.send(NETWORK)
        await server.send("SocksSupport@1 is not JSON")
        await server.wait_closed()

    async def story(driver: ClientConnection, relay: Relay) -> None:
        assert await driver.recv() == NETWORK
        with pytest.raises(ConnectionClosed):
            await driver.recv()
        assert relay.loss is not None
        assert "went away while tests ran: Expecting value" in relay.loss.what

    play(babble, story)


def test_a_browser_with_a_network_of_its_own_is_refused() -> None:
    async def offer(server: ServerConnection) -> None:
        await server.send(BROWSER)
        await server.wait_closed()

    async def story(driver: ClientConnection, relay: Relay) -> None:
        with pytest.raises(ConnectionClosed):
            await driver.recv()
        assert relay.refusal is not None
        assert "does not let its browser use this machine's network" in relay.refusal.what

    assert play(offer, story).loss is None


def test_nobody_else_may_use_it() -> None:
    async def wait(server: ServerConnection) -> None:
        await server.wait_closed()

    async def story(_: ClientConnection, relay: Relay) -> None:
        address = await asyncio.to_thread(relay.start)
        async with connect(address.rpartition("/")[0] + "/guessed") as other:
            with pytest.raises(ConnectionClosed):
                await other.recv()
            assert other.close_code == 1008

    play(wait, story)
