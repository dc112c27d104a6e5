"""Pauses Python's garbage collector where a run imports and prepares, and little is thrown away."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """No collection inside; afterwards the collector is what it was before.

    What modules hold lives until the end of the process. To look at it again and again while more
    of them are imported takes longer than a third of all imports.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
