"""Reports progress regularly while this thread waits for another program."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stacktest.core.progress import Progress

HEARTBEAT = 30.0
"""Seconds between two reports of progress."""


@contextmanager
def beating(progress: Progress, services: Sequence[str], why: str) -> Iterator[None]:
    """Within the context, a thread reports progress while this thread waits for a program."""
    over = threading.Event()
    start = time.monotonic()

    def beat() -> None:
        while not over.wait(HEARTBEAT):
            progress.heartbeat(time.monotonic() - start, dict.fromkeys(services, why))

    thread = threading.Thread(target=beat, name="stacktest-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
