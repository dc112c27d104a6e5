"""Lines of a history are small, and only those are read that a question is about."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.adapters.ledger.history_text import RECENT, HistoryText
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.growth import growths
from stacktest.core.runs.history import WINDOW, classify, usual_boot
from stacktest.core.runs.verdict import Kind
from stacktest.reports import trends
from stacktest.reports.page.test_rows import current_tests
from tests.support.properties import examples
from tests.support.stack_simulator import START, StackSimulator, hexed

KINDS: dict[str, Kind] = {".": "passed", "~": "passed", "F": "failed", "!": "failed"}
KINDS |= {"d": "passed", "D": "failed"}
NAMES = [f"suites/phase4_datastores/test_app.py::test_claim_{n}_of_the_service" for n in range(13)]
LARGEST = 12_000_000 // 36
"""Bytes that a thousand runs of one service may take, so that 36 of them stay below 12 MB."""


def run(seq: int, service: str = "a", outcome: str = ".", *, boot: bool = False) -> HistoryLine:
    """A run of what the letter `service` stands for; `!` is one in which it was not up.

    `d` and `D` passed and failed while something was seen that may explain it.
    """
    parts = {name: hexed(name + service) for name in ("image", "config", "env", "stanza")}
    fingerprint = Fingerprint(
        parts={**parts, "build": hexed("b")}, repo=hexed(service), key_id=hexed("key")
    )
    letter = {".": ".", "~": "~", "F": "F", "d": ".", "D": "F"}.get(outcome, "?")
    return HistoryLine(
        service="app",
        run=f"20261129T{seq:06}-adf2bf",
        seq=seq,
        started=START + timedelta(hours=seq),
        git_commit=f"{seq:040x}",
        fingerprint=FingerprintRecord.attest(fingerprint),
        verdict=KINDS.get(outcome, "incomplete"),
        credited=outcome == ".",
        flaky=outcome == "~",
        tests={} if outcome == "!" else {**dict.fromkeys(NAMES, "."), NAMES[3]: letter},
        boot_ms=3692 + seq if boot else None,
        move_ms={"stop" if seq % 3 else "crash": 100 * seq} if boot else {},
        start="app exited 3" if outcome == "!" else "",
        disturbed="db was not up" if outcome in "dD" else "",
        code=hexed("code"),
        after=(f"20261129T{seq - 1:06}-adf2bf",),
    )


def written(lines: list[HistoryLine]) -> str:
    """The file as it is when the last of these runs was added to it."""
    old = "".join(f"{json.dumps(line.to_dict())}\n" for line in lines[:-1])
    return HistoryText(old, "app").with_line(lines[-1]) if lines else ""


def counted(text: HistoryText, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The places of the lines that are read from now on."""
    read: list[int] = []
    document = text._document

    def count(place: int) -> object:
        read.append(place)
        return document(place)

    monkeypatch.setattr(text, "_document", count)
    return read


def test_a_thousand_runs_are_small() -> None:
    lines = [run(n, "abcdefghij"[n // 100], "F" if n % 50 == 0 else ".") for n in range(1, 1000)]
    text = written(lines)
    assert len(text) <= LARGEST
    assert HistoryText(text, "app").lines == tuple(lines)


def test_names_and_parts_are_written_once() -> None:
    text = ""
    for line in (run(1), run(2), run(3, outcome="F"), run(4, "b")):
        text = HistoryText(text, "app").with_line(line)
    assert [line.count(NAMES[0]) for line in text.splitlines()] == [1, 0, 0, 0]
    assert [line.count('"parts"') for line in text.splitlines()] == [1, 0, 0, 1]
    assert [line.count(NAMES[3]) for line in text.splitlines()] == [1, 0, 1, 0]


def test_older_lines_are_read_and_get_the_present_form_with_the_next_one() -> None:
    lines = [run(1), replace(run(2, "b", "F", boot=True), after=None, code=""), run(3, "b", "!")]
    old = "".join(f"{json.dumps(line.to_dict())}\n" for line in lines)
    assert HistoryText(old, "app").lines == tuple(lines)
    assert HistoryText(old, "app").broken == ()
    new = HistoryText(old, "app").with_line(run(4))
    assert '"stacktest.history/1"' not in new
    assert HistoryText(new, "app").lines == (*lines, run(4))
    assert HistoryText(new, "app").broken == ()


def test_what_cannot_be_read_and_what_is_of_another_service_stays_as_it_is() -> None:
    other = json.dumps({**run(1).to_dict(), "service": "db"})
    text = HistoryText(f"{other}\nnot json\n", "app").with_line(run(2))
    assert text.splitlines()[:2] == [other, "not json"]


def test_a_lost_definition_is_told_and_hides_no_failure() -> None:
    text = written([run(1), run(2, outcome="F"), run(3)])
    rest = HistoryText("".join(text.splitlines(keepends=True)[1:]), "app")
    failed, passed = rest.lines
    assert (failed.verdict, failed.tests) == ("failed", {NAMES[3]: "F"})
    assert failed.fingerprint == FingerprintRecord.unknown()
    assert passed.tests == {}
    assert rest.broken[0] == "history.jsonl:1: no line defines its 'was'"
    assert len(rest.broken) == 4
    # Whoever adds a line defines it again, and all of them are whole.
    again = HistoryText(rest.with_line(run(4)), "app")
    assert again.lines == (run(2, outcome="F"), run(3), run(4))


def test_a_definition_that_was_changed_is_none() -> None:
    text = written([run(1)]).replace(hexed("configa"), "0" * 16)
    (line,) = HistoryText(text, "app").lines
    assert line.fingerprint == FingerprintRecord.unknown()


def test_a_definition_that_is_nested_without_end_is_none() -> None:
    deep = "[" * 900 + "]" * 900
    text = written([run(1)]).replace('"define":{', f'"define":{{"0123456789ab":{deep},')
    assert HistoryText(text, "app").lines == (run(1),)


outcomes = st.lists(
    st.tuples(st.sampled_from("aaab"), st.sampled_from("....F~i!dD"), st.booleans()), max_size=12
)


def test_the_newest_runs_say_what_all_say() -> None:
    @examples(60)
    @given(outcomes, outcomes, st.integers(0, 3 * RECENT), st.text("abcd", min_size=1, max_size=4))
    def hold(
        first: list[tuple[str, str, bool]],
        last: list[tuple[str, str, bool]],
        steady: int,
        services: str,
    ) -> None:
        middle = [(services[n % len(services)], ".", False) for n in range(steady)]
        story = [*first, *middle, *last]
        lines = [run(n, *what[:2], boot=what[2]) for n, what in enumerate(story, start=1)]
        text = HistoryText(written(lines), "app")
        recent = text.recent()
        assert all(line in lines for line in recent)
        assert recent[-RECENT:] == tuple(lines[-RECENT:])
        assert classify(recent) == classify(lines)
        assert usual_boot(recent) == usual_boot(lines)
        assert growths(recent) == growths(lines)
        assert trends.read(recent).sentence == trends.read(lines).sentence
        assert current_tests(recent) == current_tests(lines)

    hold()


def test_only_the_newest_runs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [run(1, "b"), *(run(n, boot=n < 100) for n in range(2, 1000))]
    text = HistoryText(written(story), "app")
    read = counted(text, monkeypatch)
    recent = text.recent({"20261129T000500-adf2bf"})
    assert len(read) <= RECENT + 2 * WINDOW + 5
    assert [line.seq for line in recent[:1]] == [1]
    assert any(line.seq == 500 for line in recent)


def test_a_change_of_yesterday_does_not_make_all_runs_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = [run(n, "abcdefghij"[n // 100]) for n in range(1, 1000)]
    text = HistoryText(written([*story, run(1000, "k")]), "app")
    read = counted(text, monkeypatch)
    assert classify(text.recent()) == classify([*story, run(1000, "k")])
    assert len(read) < RECENT + 20


def test_the_ledger_reads_a_stack_that_ran_with_both_forms(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    (line,) = world.ledger.history("app")[0]
    world.record("app", "history.jsonl").write_text(json.dumps(line.to_dict()) + "\n")
    world.run(app="failed")
    lines, broken = world.ledger.history("app")
    assert broken == ()
    assert lines[0] == line
    assert [line.verdict for line in lines] == ["passed", "failed"]
    assert lines[1].after == (line.run,)
