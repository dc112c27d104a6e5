"""Spares a run the visits of Python's garbage collector that find nothing."""

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


def hide_survivors() -> None:
    """Collect until there is no garbage, then hide what is left from later collections.

    Pytest ends a run with five collections, and Python its process with more, each of which visits
    every object of every module. After one that found nothing they would find nothing either, but
    for what becomes garbage later: of that, only what is created later is seen.
    """
    for _ in range(_PASSES):
        if gc.collect() == 0:
            gc.freeze()
            _hiding.append(True)
            return


def show_survivors() -> None:
    """Undo `hide_survivors` for another run in the same process."""
    if _hiding:
        _hiding.clear()
        gc.unfreeze()


# Private

_PASSES = 4
"""Collections until there is no garbage; with more of it, pytest's own collections go on."""
_hiding: list[bool] = []
"""Not empty after `hide_survivors` has hidden objects of this process."""
