"""What is wrong with a browser server, told from its handshake."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from stacktest.adapters.browser.server_connection import open_connection
from stacktest.core.browser_endpoint import Endpoint
from stacktest.errors import ToolMissingError

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
AGENT = "Playwright/1.65.2 (x64; debian 12) node/24"
BOX = "Playwright version mismatch:\n  - server version: v1.50\n  - client version: v1.65"


def answering(text: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text.encode())
        await writer.drain()

    return answer


def refusal(answer: Answer) -> ToolMissingError:
    """The error of a server that answers the handshake in this way."""

    async def run() -> ToolMissingError:
        closed = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answer(reader, writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            closed.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        endpoint = Endpoint(f"ws://127.0.0.1:{port}/Canary-1")
        with pytest.raises(ToolMissingError) as caught:
            await open_connection(endpoint, AGENT, {})
        await closed.wait()
        server.close()
        return caught.value

    error = asyncio.run(run())
    assert "Canary" not in str(error)
    assert error.code == "SK-BROWSER"
    return error


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            f"HTTP/1.1 428 Precondition Required\r\n\r\n{BOX}",
            "speaks Playwright 1.50, and this machine 1.65: they have to be the same",
            "pip install 'playwright==1.50.*'",
        ),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "refuses the address or its token (400)", "compare"),
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", "refuses the address or its token (401)", "compare"),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "cannot be reached: it answers 503",
            "on that",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", "cannot be reached: it does not speak WebSocket", "on that"),
        ("", "cannot be reached: it does not speak WebSocket", "on that machine: playwright"),
    ],
)
def test_what_a_server_answers(text: str, what: str, hint: str) -> None:
    error = refusal(answering(text))
    assert what in error.what
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ws://127.0.0.1:9/Canary-1", "Connection refused"),
        ("ws://browsers.invalid:3000/Canary-1", "its name cannot be looked up"),
    ],
)
def test_nobody_there(url: str, why: str) -> None:
    with pytest.raises(ToolMissingError, match=f"cannot be reached: {why}") as caught:
        asyncio.run(open_connection(Endpoint(url), AGENT, {}))
    assert "Canary" not in str(caught.value)


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacktest.adapters.browser.server_connection.PATIENCE", 0.2)

    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    assert "no answer within" in refusal(wait).what
