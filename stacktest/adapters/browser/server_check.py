"""Finds the browsers that a server can start: starts each kind once, and closes it again."""

import asyncio
import json
from collections.abc import Mapping
from importlib.metadata import version

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from stacktest.adapters.browser.server_connection import open_connection
from stacktest.adapters.browser.server_errors import without_network
from stacktest.core.browser_endpoint import Endpoint

ENGINES = ("chromium", "firefox", "webkit")
PATIENCE = 30.0
"""Seconds for a browser to start."""
_BROWSER = "x-playwright-browser"
_GREETING = {
    "id": 1,
    "guid": "",
    "method": "initialize",
    "params": {"sdkLanguage": "python"},
    "metadata": {},
}


def client_version() -> str:
    """The version of Playwright on this machine."""
    return version("playwright")


def engines_of(endpoint: Endpoint) -> Mapping[str, str]:
    """Kind of browser → its version, for those that the server starts.

    Raises the ToolMissingError of a server that cannot be used.
    """
    return asyncio.run(_ask_all(endpoint))


# Private


async def _ask_all(endpoint: Endpoint) -> Mapping[str, str]:
    answers = {engine: await _ask(endpoint, engine) for engine in ENGINES}
    return {engine: number for engine, number in answers.items() if number}


async def _ask(endpoint: Endpoint, engine: str) -> str:
    agent = f"Playwright/{client_version()}"
    server = await open_connection(endpoint, agent, {_BROWSER: engine})
    try:
        await server.send(json.dumps(_GREETING))
        async with asyncio.timeout(PATIENCE):
            return await _browser_version(server, endpoint)
    except (TimeoutError, ConnectionClosed):
        return ""
    finally:
        await server.close()


async def _browser_version(server: ClientConnection, endpoint: Endpoint) -> str:
    """The version of the browser that the server started; empty if it started none."""
    has_network = False
    browser = ""
    while True:
        message = json.loads(await server.recv())
        made = (message.get("params") or {}) if message.get("method") == "__create__" else {}
        has_network |= made.get("type") == "SocksSupport"
        if made.get("type") == "Browser":
            browser = str(made["initializer"].get("version", ""))
        if message.get("id") == _GREETING["id"]:
            if browser and not has_network:
                raise without_network(endpoint)
            return browser
