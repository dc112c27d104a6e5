"""Which reason an update gives for a service that is not what the files say."""

from datetime import UTC, datetime

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.update.drift import update_drift
from stacktest.core.update.journal import Candidate, Journal
from stacktest.core.update.steps import Step

FIRST = Journal(
    id="a",
    step="put_back",
    started=datetime(2026, 11, 29, 14, tzinfo=UTC),
    candidates=(
        Candidate(service="app", image="sha256:2", named="", digest="d1", differs=("image:newer",)),
    ),
    containers=(),
    data=(),
    model="m1",
    why="test_a failed",
)
LATER = replace(FIRST, id="b", started=datetime(2026, 11, 29, 15, tzinfo=UTC), why="test_b failed")


@pytest.mark.parametrize(
    ("step", "is_own", "drift", "reasons"),
    [
        # Somebody else's update is open, whatever it does.
        ("testing", False, (), ("update",)),
        ("proving", False, ("command",), ("update",)),
        # The update that this process works for: what it tries has no reason yet.
        ("replacing", True, ("command",), ()),
        ("testing", True, (), ()),
        # What it puts back is told by its own reason, not by that of an earlier candidate.
        ("putting_back", True, ("command",), ("update:test_b failed",)),
        ("proving", True, ("command",), ("update:test_b failed",)),
        ("proving", True, ("container:unhealthy",), ()),
    ],
)
def test_an_open_update_speaks_before_earlier_ones(
    step: Step, *, is_own: bool, drift: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    journal = replace(LATER, step=step)
    answer = update_drift(journal, [FIRST], {"app": drift, "db": ("command",)}, is_own=is_own)
    assert answer.get("app", ()) == reasons
    assert "db" not in answer


@pytest.mark.parametrize(
    ("drift", "reasons"),
    [
        (("command",), ("update:test_b failed",)),
        (("container:unhealthy", "network:back"), ()),
        ((), ()),
    ],
)
def test_the_last_one_that_was_put_back_gives_its_reason(
    drift: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    assert update_drift(None, [LATER, FIRST], {"app": drift}).get("app", ()) == reasons
