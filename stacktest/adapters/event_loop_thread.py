"""An event loop in a daemon thread, for the small servers of a run."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class LoopThread:
    """Runs coroutines until stopped; `stop` cancels remaining tasks and closes the loop."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report)
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, Answer], timeout: float = 10.0) -> Answer:
        """Run the coroutine in the thread and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout)

    def stop(self) -> None:
        """Cancel every task, wait for its end, close the loop. A second call does nothing."""
        if self._loop.is_closed():
            return
        self.call(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()


async def close_server(server: asyncio.Server) -> None:
    """Stop listening; to be called in the event loop that owns the socket."""
    server.close()


# Private


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio's default handler, except for cancelled connections, which `stop` causes."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # One more iteration of the loop, so that transports that were just closed are released.
    await asyncio.sleep(0)
