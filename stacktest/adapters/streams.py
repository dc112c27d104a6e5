"""Functions that the small servers share: copying bytes between streams, closing connections."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

CHUNK = 65536
"""Largest number of bytes per read."""
CLOSING = 5.0
"""Seconds to wait for the other end to read the remaining bytes before a connection is aborted."""


async def pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    on_data: Callable[[], None] = lambda: None,
) -> None:
    """Copy bytes until the reader's end, then close only the writer's direction."""
    try:
        while data := await reader.read(CHUNK):
            on_data()
            writer.write(data)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError):
            # The other direction may still be answering.
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()


async def close_writer(writer: asyncio.StreamWriter) -> None:
    """Close a connection, also if the other end has closed it, or no longer reads."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSING):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        # Closed by the other end.
        return


class IdleClock:
    """Measures the time without bytes on a connection; call `touch` for every read."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last = asyncio.get_running_loop().time()

    def touch(self) -> None:
        """Restart the measured time: bytes were read now."""
        self._last = asyncio.get_running_loop().time()

    async def run_out(self) -> None:
        """Return when no bytes were read for `limit` seconds."""
        loop = asyncio.get_running_loop()
        # Polled, without an event: a wake-up for each read would be too expensive.
        while (left := self._last + self._limit - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)


@contextlib.contextmanager
def keep_task(tasks: set["asyncio.Task[Any]"]) -> Iterator[None]:
    """Keep the running task in `tasks` while it works.

    The event loop has only weak references to its tasks, and so has a stream's protocol to its
    reader: after a client has sent everything, a connection that still waits for its response would
    be garbage-collected.
    """
    task = asyncio.current_task()
    if task is None:  # pragma: no cover - only called from coroutines
        raise RuntimeError("no task is running")
    tasks.add(task)
    try:
        yield
    finally:
        tasks.discard(task)
