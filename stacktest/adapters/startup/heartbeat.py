"""Reports progress regularly while another program is waited for."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stacktest.core.progress import Progress

HEARTBEAT = 30.0
"""Seconds without news after which progress is reported."""


@contextmanager
def beating(progress: Progress, services: Sequence[str], why: str) -> Iterator[None]:
    """Within it, a heartbeat goes on although this thread waits for another program."""
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
