"""The steps of an update, and which one follows: the whole order is one table.

    step           what is done in it
    saving         data is copied, and the old containers are written down as spares
    replacing      the services are created anew, one after the other, until each is ready
    testing        their tests run, and those of everything that depends on them
    putting_back   the old containers and the old data take the place of the new ones
    proving        the tests run once more, on what was put back
    kept           the end: the new containers stay
    put_back       the end: the old containers run again
    given_up       the end: nothing had been replaced

Each step may be begun again after a crash; none needs anything but the journal and the engine.
"""

from collections.abc import Mapping
from typing import Literal

Step = Literal[
    "saving", "replacing", "testing", "putting_back", "proving", "kept", "put_back", "given_up"
]
Outcome = Literal["done", "failed", "undo"]

FIRST: Step = "saving"
CLOSED: frozenset[Step] = frozenset({"kept", "put_back", "given_up"})
"""Nothing is left to do."""

_NEXT: Mapping[Step, Mapping[Outcome, Step]] = {
    "saving": {"done": "replacing", "failed": "given_up", "undo": "given_up"},
    "replacing": {"done": "testing", "failed": "putting_back", "undo": "putting_back"},
    "testing": {"done": "kept", "failed": "putting_back", "undo": "putting_back"},
    "putting_back": {"done": "proving", "undo": "putting_back"},
    "proving": {"done": "put_back", "failed": "put_back", "undo": "proving"},
    "kept": {"undo": "putting_back"},
}


def next_step(step: Step, outcome: Outcome) -> Step:
    """The step that follows; ValueError where `step` has no such end."""
    try:
        return _NEXT[step][outcome]
    except KeyError:
        raise ValueError(f"{step!r} cannot end with {outcome!r}") from None
