"""The steps of an update and their order, in one table.

    step           actions
    saving         data is copied, and spares of the old containers are created
    replacing      the services are recreated one after the other, each until it is ready
    testing        their tests run, and those of everything that depends on them
    putting_back   the old containers and the old data replace the new ones
    proving        the tests run once more, on the containers that were put back
    kept           the end: the new containers stay
    put_back       the end: the old containers run again
    given_up       the end: nothing had been replaced

Each step can be repeated after a crash; it needs only the journal and the engine.
"""

from collections.abc import Mapping
from typing import Literal

Step = Literal[
    "saving", "replacing", "testing", "putting_back", "proving", "kept", "put_back", "given_up"
]
Outcome = Literal["done", "failed", "undo"]

FIRST: Step = "saving"
CLOSED: frozenset[Step] = frozenset({"kept", "put_back", "given_up"})
"""Steps at which the update has ended."""

_NEXT: Mapping[Step, Mapping[Outcome, Step]] = {
    "saving": {"done": "replacing", "failed": "given_up", "undo": "given_up"},
    "replacing": {"done": "testing", "failed": "putting_back", "undo": "putting_back"},
    "testing": {"done": "kept", "failed": "putting_back", "undo": "putting_back"},
    "putting_back": {"done": "proving", "undo": "putting_back"},
    "proving": {"done": "put_back", "failed": "put_back", "undo": "proving"},
    "kept": {"undo": "putting_back"},
}


def next_step(step: Step, outcome: Outcome) -> Step:
    """The next step; ValueError if `step` cannot end with this outcome."""
    try:
        return _NEXT[step][outcome]
    except KeyError:
        raise ValueError(f"{step!r} cannot end with {outcome!r}") from None
