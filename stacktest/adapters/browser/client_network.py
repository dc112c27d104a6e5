"""The network of a browser on another machine: opens each of its connections from this machine.

Playwright's server can let its client open the browser's connections, by messages of an object
called `SocksSupport`. Playwright's own client resolves the names by the system; this module
connects through the proxy that knows the stack's names, so that a host is resolved, refused and
credited as for a browser on this machine.

    server   socksRequested(uid, host, port)       socksData(uid, data)      socksClosed(uid)
    here     socksConnected(uid) | socksFailed     socksData(uid, data)      socksEnd | socksError
"""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from stacktest.adapters.streams import CHUNK, close_writer
from stacktest.core.hostnames import before_port

KIND = "SocksSupport"
REFUSALS = {403: "ERULESET", 502: "ECONNREFUSED"}
"""Status of the proxy → error code for the browser; every other status becomes a time-out."""

Send = Callable[[bytes], Awaitable[None]]


class ClientNetwork:
    """The connections of one browser through `proxy`; `send` sends a message to its server."""

    def __init__(self, send: Send, proxy: tuple[str, int]) -> None:
        self._send, self._proxy = send, proxy
        self._object = b""
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._calls: set[int] = set()
        self._number = -1

    @property
    def is_offered(self) -> bool:
        """Whether the server lets its client open the browser's connections."""
        return bool(self._object)

    def takes(self, message: bytes) -> bool:
        """Handle the server's message if it is about the network; False: it is for Playwright."""
        if not self._object:
            self._object = _object_of(message)
            return False
        if self._object not in message and not _OWN_ID.search(message):
            return False
        document = json.loads(message)
        if document.get("id") in self._calls:
            self._calls.discard(document["id"])
            return True
        if str(document.get("guid", "")).encode() != self._object:
            return False
        self._follow(str(document.get("method", "")), document.get("params") or {})
        return True

    async def close(self) -> None:
        """Close every connection."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Private

    def _follow(self, method: str, params: dict[str, Any]) -> None:
        uid = str(params.get("uid", ""))
        if method == "socksRequested":
            opening = self._open(uid, _authority(str(params["host"]), int(params["port"])))
            task = self._tasks[uid] = asyncio.ensure_future(opening)
            task.add_done_callback(lambda _: self._tasks.pop(uid, None))
        elif method == "socksData" and uid in self._writers:
            self._writers[uid].write(base64.b64decode(params["data"]))
        elif method == "socksClosed" and uid in self._tasks:
            self._tasks[uid].cancel()

    async def _open(self, uid: str, authority: str) -> None:
        try:
            reader, writer = await asyncio.open_connection(*self._proxy)
        except OSError:
            await self._call("socksFailed", uid=uid, errorCode="ECONNREFUSED")
            return
        self._writers[uid] = writer
        try:
            await self._carry(uid, authority, reader, writer)
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._call("socksError", uid=uid, error=str(error))
        finally:
            del self._writers[uid]
            await close_writer(writer)

    async def _carry(
        self,
        uid: str,
        authority: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status != 200:  # noqa: PLR2004 - the one answer to a tunnel
            await self._call("socksFailed", uid=uid, errorCode=REFUSALS.get(status, "ETIMEDOUT"))
            return
        await self._call("socksConnected", uid=uid, host="127.0.0.1", port=self._proxy[1])
        while data := await reader.read(CHUNK):
            await self._call("socksData", uid=uid, data=base64.b64encode(data).decode())
        await self._call("socksEnd", uid=uid)

    async def _call(self, method: str, **params: Any) -> None:
        self._number -= 1
        self._calls.add(self._number)
        message = {
            "id": self._number,
            "guid": self._object.decode(),
            "method": method,
            "params": params,
            "metadata": {"stack": [], "apiName": "", "internal": True, "timeout": 0},
        }
        await self._send(json.dumps(message).encode())


# Private


_OWN_ID = re.compile(rb'"id":\s*-')
"""Matches the ids of this module's calls, which are negative; Playwright's are positive."""


def _object_of(message: bytes) -> bytes:
    """The id of the `SocksSupport` object, if this message creates it; else empty."""
    if KIND.encode() not in message:
        return b""
    document = json.loads(message)
    params = document.get("params") or {}
    if document.get("method") != "__create__" or params.get("type") != KIND:
        return b""
    return str(params["guid"]).encode()


def _authority(host: str, port: int) -> str:
    return f"{before_port(host)}:{port}"
