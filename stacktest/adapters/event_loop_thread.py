"""An event loop in a daemon thread, for the small servers that live beside a run."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class LoopThread:
    """Runs coroutines until stopped; stopping cancels what is left and closes the loop."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report)
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, Answer], timeout: float = 10.0) -> Answer:
        """What the coroutine returns, run in the thread."""
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
    """Stop listening, from within the loop that owns the socket."""
    server.close()


# Private


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """As asyncio does, but for connections that were cancelled: stopping does that."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # One more turn, so that transports which were closed just now are really gone.
    await asyncio.sleep(0)
