"""What the small servers share: bytes passed from one stream to another, and tidy endings."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

CHUNK = 65536
"""Bytes that are read at once."""


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
    """Close a connection whose other end may have closed it already."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


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
