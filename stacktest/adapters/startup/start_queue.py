"""Requests starts from the engine: those of the longest chains at once, the others behind them.

An engine is quickest if it is given all starts at once, but then each takes as long as all of them.
So services on which a long chain waits are started without limit, and of the others a few at a
time, longest chain first.
"""

import heapq
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock

AT_ONCE = 16
"""The most starts of leading services at the same time."""
BEHIND = 4
"""The most starts of the other services at the same time."""
LEADING = 0.5
"""A service leads whose chain takes at least this share of the longest."""


class StartQueue:
    """Calls the functions that start containers, each in a thread of its own."""

    def __init__(self, chain_seconds: Mapping[str, float]) -> None:
        self._seconds = chain_seconds
        self._leading = LEADING * max(chain_seconds.values(), default=0.0)
        self._pool = ThreadPoolExecutor(AT_ONCE + BEHIND, thread_name_prefix="stacktest-start")
        self._lock = Lock()
        self._behind: list[tuple[float, int, Callable[[], None]]] = []
        self._places = count()
        self._running_behind = 0
        self._is_closed = False

    def submit(self, service: str, start: Callable[[], None]) -> None:
        """Call `start` as soon as it is the service's turn; an error of it is not reported."""
        seconds = self._seconds.get(service, 0.0)
        with self._lock:
            if self._is_closed:
                return
            if seconds >= self._leading:
                self._pool.submit(start)
                return
            heapq.heappush(self._behind, (-seconds, next(self._places), start))
            self._submit_behind()

    def close(self) -> None:
        """Drop starts that have not begun, and wait for the others."""
        with self._lock:
            self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    # Private

    def _submit_behind(self) -> None:
        while self._behind and self._running_behind < BEHIND:
            _, _, start = heapq.heappop(self._behind)
            self._running_behind += 1
            self._pool.submit(self._run_behind, start)

    def _run_behind(self, start: Callable[[], None]) -> None:
        try:
            start()
        finally:
            with self._lock:
                self._running_behind -= 1
                if not self._is_closed:
                    self._submit_behind()
