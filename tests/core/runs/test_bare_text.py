"""What of a run's words a record keeps: which test and what kind of failure, no text, no value."""

import pytest

from stacktest.core.runs.bare_text import (
    bare_end,
    bare_name,
    bare_reason,
    bare_selection,
    bare_test,
    is_same_test,
)
from stacktest.core.runs.fold import fold
from stacktest.core.runs.verdict import HiddenFile, Inventory, Outcome, Required, Result, RunFacts

F = "suites/test_a.py::test_b"
CANARY = "canary-4711"


def test_a_parameter_is_called_by_its_place() -> None:
    assert bare_test(F, ["hunter2"], {"password": 0}) == f"{F}[password#0]"
    assert bare_test(F, ["a-b", "x"], {"path": 2, "status": 2, "pin": 0}) == (
        f"{F}[path#2-status#2-pin#0]"
    )


def test_words_that_give_nothing_away_stay() -> None:
    assert bare_test(F, ["chromium", "404"], {"browser_name": 0, "code": 1}) == (
        f"{F}[chromium-404]"
    )
    assert bare_test(F, ["4711"], {"pin": 0}) == f"{F}[pin#0]"
    assert bare_test(F, [], {}) == F


@pytest.mark.parametrize(
    ("older", "bare"),
    [
        (F, F),
        (f"{F}[hunter2]", f"{F}[…]"),
        (f"{F}[a [b] c: d]", f"{F}[…]"),
        (f"{F}[chromium]", f"{F}[chromium]"),
        (f"{F}[path#2-x#1]", f"{F}[path#2-x#1]"),
        (f"{F}[…]", f"{F}[…]"),
    ],
)
def test_a_name_of_an_older_record_loses_its_values(older: str, bare: str) -> None:
    assert bare_name(older) == bare
    assert bare_name(bare) == bare


def test_a_failure_of_an_older_record_is_one_of_any_of_its_parameters() -> None:
    assert is_same_test(f"{F}[…]", [f"{F}[path#0]"])
    assert not is_same_test(f"{F}[…]", [f"{F}c[path#0]"])
    assert is_same_test(f"{F}[path#0]", [f"{F}[path#0]"])
    assert not is_same_test(f"{F}[path#1]", [f"{F}[path#0]"])


@pytest.mark.parametrize(
    ("older", "bare"),
    [
        (f"{F} failed: assert '{CANARY}' == 'x'", f"{F} failed"),
        (f"{F}[{CANARY}] failed: a: b\nc", f"{F}[…] failed"),
        (f"{F} failed outside its body: {CANARY}", f"{F} failed outside its body"),
        (
            f"1 of 4 tests that name a was skipped: {F} (no {CANARY})",
            "1 of 4 tests that name a was skipped",
        ),
        (
            f"1 of 4 tests that name a was skipped: {F}[path#2]",
            f"1 of 4 tests that name a was skipped: {F}[path#2]",
        ),
        (
            f"2 of 4 tests that name a were not finished: {F}[{CANARY}], {F}",
            f"2 of 4 tests that name a were not finished: {F}[…], {F}",
        ),
        (
            f"1 of 2 tests that name a did not run: the run ended early (pytest.exit: {CANARY})",
            "1 of 2 tests that name a did not run: the run ended early (pytest.exit)",
        ),
        (
            f"suites/x.py was not collected (skipped: could not import '{CANARY}'), and it names a",
            "suites/x.py was not collected (skipped), and it names a",
        ),
        (f"a could not be created: {CANARY}", "a could not be created"),
        (f"{F}[{CANARY}] names a but never touched it", f"{F}[…] names a but never touched it"),
        ("the run was interrupted", "the run was interrupted"),
        ("b needs db, which is not up: db exited 3", "b needs db, which is not up: db exited 3"),
    ],
)
def test_a_sentence_of_an_older_record_loses_its_text(older: str, bare: str) -> None:
    assert bare_reason(older) == bare
    assert bare_reason(bare) == bare


def test_what_was_typed_to_select_tests_is_kept_without_values() -> None:
    assert bare_selection(f"-m phase5 -k 'test_x and {CANARY}' a.py::t[{CANARY}]") == (
        "-m phase5 -k a.py::t[…]"
    )


def test_why_a_run_ended_is_kept_by_its_kind() -> None:
    ends = ("", "stopping after 1 failures", f"pytest.exit: {CANARY}", f"enough: {CANARY}")
    assert [bare_end(end) for end in ends] == [
        "",
        "stopping after 1 failures",
        "pytest.exit",
        "it was stopped",
    ]


def test_a_verdict_says_everything_and_records_no_text() -> None:
    """Every text that a verdict can repeat, as one canary."""
    results: tuple[Result, ...] = (
        "failed",
        "error",
        "skipped",
        "xfailed",
        "xpassed",
        "crashed",
        "unfinished",
    )
    required = tuple(Required(nodeid=f"s/t.py::test_{r}", services=("a",)) for r in results)
    required += (Required(nodeid="s/t.py::test_gone", services=("a",)),)
    sentences: list[str] = []
    for chosen in (results[:2], results[2:]):
        outcomes = [
            Outcome(nodeid=f"s/t.py::test_{r}", services=("a",), result=r, reason=CANARY)
            for r in chosen
        ]
        hidden = HiddenFile(path="s/u.py", services=("a",), why=f"skipped: {CANARY}")
        inventory = Inventory(
            required=required,
            complete=False,
            why=(f"the tests could not be collected: {CANARY}",),
            hidden=(hidden,),
        )
        for facts in (
            RunFacts(selection=f"-k {CANARY!r}"),
            RunFacts(ended_early=f"pytest.exit: {CANARY}", deviations=(f"-k {CANARY}",)),
        ):
            verdict = fold(inventory, outcomes, facts)["a"]
            assert len(verdict.reasons) == len(verdict.recorded)
            sentences += verdict.reasons
            assert CANARY not in "".join(verdict.recorded)
            assert [bare_reason(sentence) for sentence in verdict.recorded] == [*verdict.recorded]
    assert sum(CANARY in sentence for sentence in sentences) > 10
