"""What is told: the way from functional to not functional and back, and nothing else."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.records.status import StatusEntry
from stacktest.core.records.strict_json import RecordError
from stacktest.core.runs.changes import NOT_BEGUN, CurrentStatus, ReportedStatus, known, news
from tests.support.properties import examples

AT = dt.datetime(2026, 11, 20, 3, 17, tzinfo=dt.UTC)


def entry(state: State, *reasons: str) -> StatusEntry:
    return StatusEntry(
        status=state.status, fingerprint=None, last_change=None, last_test_pass=None,
        spoke_updated=None, functional=state.functional, documented=True, state=state,
        reasons=reasons,
    )  # fmt: skip


def now(trouble: str = "", **states: State) -> CurrentStatus:
    services = {name: entry(state, "why") for name, state in states.items()}
    return CurrentStatus(stack="shop", at=AT, services=services, trouble=trouble)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((), {}, []),
        (("a",), {"a": State.FUNCTIONAL}, []),
        (("a",), {"a": State.DOC_STALE}, []),
        (("a",), {"a": State.FAILING}, [("a", False)]),
        (("a",), {"a": State.EXPIRED}, [("a", False)]),
        ((), {"a": State.FAILING}, []),
        ((), {"a": State.NEVER_RUN}, []),
        ((), {"a": State.FUNCTIONAL}, [("a", True)]),
        (("a",), {}, []),
        (
            ("b", "c", "d"),
            {"a": State.FUNCTIONAL, "b": State.CHANGED, "c": State.FAILING, "d": State.FUNCTIONAL},
            [("c", False), ("b", False), ("a", True)],
        ),
    ],
)  # fmt: skip
def test_a_transition_is_told_and_nothing_else(
    before: tuple[str, ...], after: dict[str, State], told: list[tuple[str, bool]]
) -> None:
    found = news(ReportedStatus(functional=frozenset(before)), now("", **after))
    assert [(one.service, one.functional) for one in found.changes] == told
    assert bool(found) == bool(told)


def test_only_what_is_broken_has_reasons() -> None:
    found = news(
        ReportedStatus(functional=frozenset("a")), now(a=State.FAILING, b=State.FUNCTIONAL)
    )
    assert [one.reasons for one in found.changes] == [("why",), ()]


@pytest.mark.parametrize(
    ("before", "after", "began", "ended"),
    [("", "", False, False), ("", "x", True, False), ("x", "y", False, False),
     ("x", "", False, True)],
)  # fmt: skip
def test_that_the_stack_does_not_come_up_is_told_once_and_so_is_its_end(
    before: str, after: str, began: bool, ended: bool
) -> None:
    found = news(ReportedStatus(trouble=before), now(trouble=after))
    assert (found.trouble_began, found.trouble_ended) == (began, ended)
    assert bool(found) == (began or ended)


def test_a_stack_that_does_not_come_up_says_nothing_about_its_services() -> None:
    before = ReportedStatus(functional=frozenset("ab"))
    assert known(before, now(trouble="x")).functional == before.functional
    assert not now(trouble="x").well


STATES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(State))
KNOWN = st.builds(
    ReportedStatus, functional=st.frozensets(st.sampled_from("abcd")), trouble=st.text()
)


@examples(25)
@given(KNOWN, STATES, st.sampled_from(["", "x"]))
def test_who_was_told_once_is_not_told_again(
    before: ReportedStatus, states: dict[str, State], trouble: str
) -> None:
    said = now(trouble=trouble, **states)
    assert not news(known(before, said), said)


@examples(25)
@given(KNOWN)
def test_what_was_told_is_read_back(what: ReportedStatus) -> None:
    assert ReportedStatus.from_dict(what.to_dict()) == what


@pytest.mark.parametrize("document", [None, [], {}, {"schema": "stacktest.known/2"}])
def test_another_document_is_refused(document: dict[str, str] | list[Any] | None) -> None:
    with pytest.raises(RecordError):
        ReportedStatus.from_dict(document)


@pytest.mark.parametrize(
    ("trouble", "is_run", "ends"),
    [
        (f"{NOT_BEGUN}why", True, True),
        (f"{NOT_BEGUN}why", False, False),
        ("redis exited with 1", False, True),
    ],
)
def test_only_a_run_shows_that_runs_begin_again(trouble: str, is_run: bool, ends: bool) -> None:
    before = ReportedStatus(functional=frozenset("a"), trouble=trouble)
    after = replace(now(a=State.FUNCTIONAL), is_run=is_run)
    assert news(before, after).trouble_ended == ends
    assert known(before, after).trouble == ("" if ends else trouble)
    assert news(before, after).now.well is False
