"""A flake, a regression and a steady failure are three things, and the fingerprint tells which."""

from collections.abc import Callable

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import HistoryLine
from stacktest.reports import trends
from stacktest.reports.page import run_marks

A: dict[str, str] = {}
B = {"image": "b" * 16}


@pytest.fixture
def history(
    make_line: Callable[..., HistoryLine], make_mark: Callable[..., FingerprintRecord]
) -> Callable[..., list[HistoryLine]]:
    def build(*runs: tuple[str | None, ...]) -> list[HistoryLine]:
        """`("passed", "a")`: verdict and fingerprint; `None` is one that is not known."""
        lines = []
        for seq, (verdict, seed) in enumerate(runs, 1):
            mark = make_mark("same", image=(seed or "x") * 16)
            mark = replace(mark, digest=seed and seed * 16)
            letters = {"t.py::test": "~" if verdict == "retried" else "."}
            word = "passed" if verdict == "retried" else verdict
            lines.append(make_line("grafana", seq, word, mark, letters))
        return lines

    return build


def test_times_that_have_grown_are_in_the_sentence(
    history: Callable[..., list[HistoryLine]],
) -> None:
    *usual, last = history(*[("passed", "a")] * 4)
    lines = [
        *(replace(x, move_ms={"stop": 500}) for x in usual),
        replace(last, move_ms={"stop": 9500}),
    ]
    sentence = trends.read(lines).sentence
    assert sentence == "Steady: 4 runs in a row passed. Slower: ending takes 9.5 s, usually 0.5 s."


P, F, R, INCOMPLETE = "passed", "failed", "retried", "incomplete"


@pytest.mark.parametrize(
    ("runs", "shape", "sentence"),
    [
        ([], "no runs", "No run has come to a conclusion yet."),
        ([(INCOMPLETE, "a")], "no runs", "No run has come to a conclusion yet."),
        (
            [(F, "b"), (P, "a"), (P, "a")],
            "recovered",
            "Recovered: image changed, and it has passed since 2026-09-23.",
        ),
        ([(P, "a"), (P, "a")], "steady", "Steady: 2 runs in a row passed."),
        ([(P, "a"), (P, "b")], "steady", "Steady: 2 runs in a row passed."),
        ([(P, "a")] * 29, "steady", "Steady: 29 runs in a row passed."),
        ([(P, "a")] * 31, "steady", "Steady: at least 30 runs in a row passed."),
        ([(P, "a"), (F, "a"), (P, "a")], "flaky", "Flaky: 1 of 3 runs failed without any change."),
        ([(P, "a"), (R, "a")], "flaky", "Flaky: 1 of 2 runs passed only on a retry."),
        (
            [(P, "a"), (F, "b"), (F, "b")],
            "regression",
            "Regression: image changed, and it has failed since 2026-09-23.",
        ),
        (
            [(F, "a"), (F, "a"), (F, "a"), (INCOMPLETE, "a")],
            "steady failure",
            "Steady failure: 3 runs in a row failed.",
        ),
    ],
)
def test_a_history_has_a_shape_and_a_sentence(
    history: Callable[..., list[HistoryLine]],
    runs: list[tuple[str, str]],
    shape: str,
    sentence: str,
) -> None:
    reading = trends.read(history(*runs))
    assert (reading.shape, reading.sentence) == (shape, sentence)


def test_a_part_that_is_not_known_has_not_changed(
    make_line: Callable[..., HistoryLine], make_mark: Callable[..., FingerprintRecord]
) -> None:
    old = make_line("x", 1, P, make_mark("s", env=None), {})
    new = make_line("x", 2, P, make_mark("s"), {})
    assert trends.changed_parts(old, new) == ()


def test_a_move_is_marked_where_the_fingerprint_is_another(
    history: Callable[..., list[HistoryLine]],
) -> None:
    lines = history((P, "a"), (P, "a"), (P, "b"), (P, None), (P, "b"))
    assert trends.moves(lines) == (False, False, True, False, False)


def test_each_result_has_a_mark_of_its_own_form() -> None:
    drawn = run_marks.draw(["passed", "flaky", "failed", "incomplete", "absent"])
    forms = {kind: path.partition(" ")[2] for kind, path in drawn.paths}
    assert set(forms) == {"passed", "flaky", "failed", "incomplete"}
    assert len(set(forms.values())) == len(forms)


def test_a_strip_says_in_words_what_it_draws() -> None:
    drawn = run_marks.draw(["passed", "failed", "passed"], [False, True, False])
    assert drawn.label == ("3 runs: 2 passed, 1 failed; it changed once; the last one passed")
    assert run_marks.draw([]).label == "no runs"
