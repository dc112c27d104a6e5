"""Pauses Python's garbage collector while a run imports and prepares: little is garbage then."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Disable the garbage collector inside; afterwards it is as it was before.

    The objects of modules live until the end of the process. To visit them again and again while
    more modules are imported takes more than a third of the time of all imports.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
