"""Ages, durations and verdicts as every report says them."""

import datetime as dt

import pytest

from stacktest.core.freshness.states import State
from stacktest.reports import wording

NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=1), "1 minute ago"),
        (dt.timedelta(hours=2, minutes=59), "2 hours ago"),
        (dt.timedelta(days=8), "8 days ago"),
        (-dt.timedelta(hours=3), "in 3 hours"),
    ],
)
def test_an_age_is_rounded_down_to_its_largest_unit(before: dt.timedelta, said: str) -> None:
    assert wording.ago(NOW - before, NOW) == said


def test_never_is_said_and_not_drawn_as_a_date() -> None:
    assert (wording.ago(None, NOW), wording.at(None)) == ("never", "never")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.44, "0.4 s"), (12.3, "12 s"), (200, "3 min 20 s"), (119.6, "2 min 00 s")],
)
def test_a_duration_has_the_digits_that_matter(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], "Nothing was judged: the stack has no services."),
        ([State.FUNCTIONAL], "The only service is proved."),
        ([State.FUNCTIONAL, State.DOC_STALE], "All 2 services are proved."),
        ([State.FAILING, State.ERROR], "No service is proved."),
        ([State.FUNCTIONAL, State.CHANGED], "1 of 2 services is proved."),
    ],
)
def test_the_verdict_counts_what_is_proved(states: list[State], said: str) -> None:
    assert wording.verdict(states) == said


def test_the_breakdown_starts_with_the_worst() -> None:
    states = [State.CHANGED, State.FUNCTIONAL, State.FAILING, State.CHANGED]
    assert wording.breakdown(states) == "1 failing, 2 changed"


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_tone_a_word_and_a_sentence(state: State) -> None:
    assert wording.tone(state) in wording.TONES
    assert wording.word(state)
    assert wording.meaning(state).endswith(".")
    assert (wording.tone(state) == "good") == (state is State.FUNCTIONAL)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("env", "its environment changed"),
        ("env:GF_URL", "the variable GF_URL differs"),
        ("config:redis.conf", "redis.conf changed"),
        ("dependency:mongodb", "mongodb, which it depends on, changed"),
        ("dependency:mongodb:added", "mongodb is a new dependency"),
        ("test:suites/test_x.py::test_y", "suites/test_x.py::test_y failed"),
        ("tests:edited", "its tests were edited"),
        ("container:exited 3", "its container: exited 3"),
        ("part:env: no key", "not known: env: no key"),
        ("run:unfinished", "its last run never came to its end"),
        ("unknown:tag", "unknown:tag"),
        ("something", "something"),
    ],
)
def test_a_reason_is_a_clause_about_the_service(tag: str, said: str) -> None:
    assert wording.reason(tag) == said
