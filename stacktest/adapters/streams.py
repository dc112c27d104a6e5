"""What the small servers share: bytes passed from one stream to another, and tidy endings."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

CHUNK = 65536
"""Bytes that are read at once."""
CLOSING = 5.0
"""Seconds that the other end gets to read what was written before a connection is closed."""


async def pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    on_data: Callable[[], None] = lambda: None,
) -> None:
    """Pass bytes on until the reader ends, and end the writer's direction only."""
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
    """Close a connection whose other end may have closed it already, or reads no more."""
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
    """How long a connection has carried nothing; `touch` it whenever bytes pass."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last = asyncio.get_running_loop().time()

    def touch(self) -> None:
        """Bytes passed just now."""
        self._last = asyncio.get_running_loop().time()

    async def run_out(self) -> None:
        """Return once nothing has passed for as long as the limit."""
        loop = asyncio.get_running_loop()
        # No event: bytes pass too often for each of them to wake somebody.
        while (left := self._last + self._limit - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)


@contextlib.contextmanager
def keep_task(tasks: set["asyncio.Task[Any]"]) -> Iterator[None]:
    """Keep the running task in `tasks` while it works.

    The loop knows its tasks by weak references only, and a stream's protocol knows its reader by
    one, too: once a client has sent all, a connection that still waits for its answer would be
    collected as garbage.
    """
    task = asyncio.current_task()
    if task is None:  # pragma: no cover - only called from coroutines
        raise RuntimeError("no task is running")
    tasks.add(task)
    try:
        yield
    finally:
        tasks.discard(task)
