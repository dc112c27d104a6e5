"""Connects to a browser server, or raises the error that says why no connection is possible."""

import os
import re
import socket
import ssl
from collections.abc import Mapping

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus

from stacktest.adapters.browser.server_errors import other_version, refused, unreachable
from stacktest.core.browser_endpoint import Endpoint
from stacktest.errors import ToolMissingError

PATIENCE = 30.0
"""Seconds for a server to answer the handshake."""
SILENCE = 60.0
"""Seconds without an answer to a ping after which the server counts as gone."""
NETWORK = "x-playwright-proxy"
"""The header by which the client asks to open the browser's connections; `*`: all of them."""


async def open_connection(
    endpoint: Endpoint, user_agent: str, headers: Mapping[str, str]
) -> ClientConnection:
    """A connection to the server, with the request that its browser's connections be opened here.

    `user_agent` is Playwright's, from which a server reads the version.
    """
    try:
        return await connect(
            endpoint.url,
            user_agent_header=user_agent,
            additional_headers={**headers, NETWORK: "*"},
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
            ping_timeout=SILENCE,
        )
    except InvalidStatus as error:
        body = (error.response.body or b"").decode("utf-8", "replace")
        raise _refusal(endpoint, user_agent, error.response.status_code, body) from None
    except ssl.SSLError as error:
        raise unreachable(endpoint, error.reason or "its certificate is refused") from None
    except TimeoutError:
        raise unreachable(endpoint, f"no answer within {PATIENCE:.0f} s") from None
    except socket.gaierror:
        raise unreachable(endpoint, "its name cannot be looked up") from None
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "no connection"
        raise unreachable(endpoint, why) from None
    except (InvalidHandshake, InvalidProxy, EOFError) as error:
        why = f"it does not speak WebSocket ({type(error).__name__})"
        raise unreachable(endpoint, why) from None


# Private

_OTHER_VERSION = 428
_REFUSED = range(400, 500)
_VERSION = re.compile(r"server version: v(\d+\.\d+)")
_OWN_VERSION = re.compile(r"Playwright/(\d+\.\d+)")


def _refusal(endpoint: Endpoint, user_agent: str, status: int, body: str) -> ToolMissingError:
    server, own = _VERSION.search(body), _OWN_VERSION.search(user_agent)
    if status == _OTHER_VERSION and own is not None:
        return other_version(endpoint, server[1] if server else "of another version", own[1])
    if status in _REFUSED:
        return refused(endpoint, str(status))
    return unreachable(endpoint, f"it answers {status}")
