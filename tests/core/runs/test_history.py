"""Flake, regression and steady failure are told apart by the fingerprint."""

from datetime import timedelta
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.history import classify, classify_test, usual_boot
from stacktest.core.runs.verdict import Kind
from stacktest.reports.terminal.history import course_words
from stacktest.reports.trends import read
from tests.support.stack_simulator import START, StackSimulator, hexed


def mark(config: str) -> FingerprintRecord:
    parts = dict.fromkeys(("image", "env", "stanza"), hexed("x")) | {"build": "none"}
    fingerprint = Fingerprint(
        parts=parts | {"config": hexed(config)}, repo=hexed(config), key_id="k"
    )
    return FingerprintRecord.attest(fingerprint)


def runs(story: str) -> list[HistoryLine]:
    """`a. b. bF! b~`: fingerprint and outcome of each run; `i` is an incomplete one.

    `!`: something was seen in it.
    """
    kinds: dict[str, Kind] = {".": "passed", "~": "passed", "F": "failed", "i": "incomplete"}
    return [
        HistoryLine(
            service="app",
            run=f"r{number}",
            seq=number,
            started=START + timedelta(hours=number),
            git_commit=None,
            fingerprint=mark(step[0]),
            verdict=kinds[step[1]],
            credited=step[1] == ".",
            flaky=step[1] == "~",
            tests={"t::a": step[1]} if step[1] != "i" else {"t::a": "s"},
            disturbed="db was not up" if step.endswith("!") else "",
        )
        for number, step in enumerate(story.split(), start=1)
    ]


@pytest.mark.parametrize(
    ("story", "trend", "changed"),
    [
        ("", "unknown", ()),
        ("ai ai", "unknown", ()),
        ("a. a. a.", "steady", ()),
        ("a. b. c.", "steady", ()),
        ("a. aF a.", "flake", ()),
        ("aF a.", "flake", ()),
        ("a. a~", "flake", ()),
        ("a. aF", "flake", ()),
        ("a. aF aF aF", "failing", ()),
        ("aF aF", "failing", ()),
        ("aF bF", "failing", ()),
        ("a. bF", "regression", ("config",)),
        ("a. bF bF bF", "regression", ("config",)),
        ("a. bF bi bF", "regression", ("config",)),
        ("aF b.", "recovered", ("config",)),
        ("a. bF b.", "flake", ()),
        ("a. bF a.", "recovered", ("config",)),
        ("a. a. " + "b. " * 20, "steady", ()),
        ("aF " + "a. " * 20, "steady", ()),
        ("a. aF! a.", "steady", ()),
        ("a. aF!", "failing", ()),
        ("aF a.! aF", "failing", ()),
        ("aF a.!", "failing", ()),
        ("aF! a.!", "steady", ()),
        ("a. a~!", "steady", ()),
        ("a. aF! bF", "regression", ("config",)),
        ("aF! b.", "steady", ()),
        ("a. aF! aF", "flake", ()),
    ],
)
def test_courses(story: str, trend: str, changed: tuple[str, ...]) -> None:
    course = classify(runs(story))
    assert (course.trend, course.changed) == (trend, changed)
    assert classify(reversed(runs(story))) == course
    alone = classify_test(runs(story), "t::a")
    assert alone.trend == trend


def test_what_was_seen_in_a_run_that_failed_is_told() -> None:
    words = course_words(classify(runs("a. aF!")))
    assert words == "failing: db was not up in its last run, which may be why"
    assert (
        read(runs("a. aF!")).sentence == "Failed: db was not up in the last run, which may be why."
    )


def test_filling_in_a_test_is_no_flake() -> None:
    """What failed was another test: the generated one, before somebody wrote it."""
    generated, written = runs("aF a.")
    lines = [replace(generated, code="one"), replace(written, code="two")]
    trend = classify(lines)
    assert (trend.trend, trend.changed) == ("recovered", ("tests",))
    assert classify_test(lines, "t::a").trend == "recovered"
    # Lines from before the tests were noted are read as they were.
    assert classify([generated, replace(written, code="two")]).trend == "flake"


def test_a_pass_that_was_not_earned_is_told() -> None:
    earned = runs("a. a.")
    assert classify(earned).is_credited
    refused = [earned[0], replace(earned[1], credited=False)]
    course = classify(refused)
    assert (course.trend, course.is_credited) == ("steady", False)
    assert course_words(course) == ("steady: its tests pass, and earned it no pass in the last run")
    fell = [
        earned[0],
        replace(earned[1], credited=False, start="app was ready and did not stay so: is unhealthy"),
    ]
    assert course_words(classify(fell)) == "not up: it did not stay up in the last run"


def test_counts() -> None:
    course = classify(runs("a. bF b. b~ bF"))
    assert (course.runs, course.failures, course.flaky) == (4, 2, 1)
    assert course.since == "r2"
    assert classify_test(runs("a. bF"), "t::other").trend == "unknown"


def test_what_a_run_leaves_is_what_is_classified(world: StackSimulator) -> None:
    app = world.add("app")
    world.run()
    app.edit("config", "new")
    app.recreate()
    world.run(app="failed")
    lines, broken = world.ledger.history("app")
    assert broken == ()
    assert [line.verdict for line in lines] == ["passed", "failed"]
    assert classify(lines).trend == "regression"
    assert classify_test(lines, app.tests[0]).changed == ("config",)


@pytest.mark.parametrize(
    ("boots", "usual"),
    [
        ([], None),
        ([None, None], None),
        ([2000], 2.0),
        ([2000, None, 3000, 100_000], 3.0),
        ([90_000] * 30 + [4000] * 20, 4.0),
    ],
)
def test_what_a_start_usually_takes_is_the_median_of_the_last_ones(
    boots: list[Any], usual: float | None
) -> None:
    lines = [
        replace(line, boot_ms=boot)
        for line, boot in zip(runs("a. " * len(boots)), boots, strict=True)
    ]
    assert usual_boot(reversed(lines)) == usual
