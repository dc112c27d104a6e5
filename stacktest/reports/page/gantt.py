"""Lays out a run's timeline: one row per service, its start first and then its tests.

The shape shows the kind: a thin line is a start, a bar is a test that passed, a tall bar is a test
that did not pass. A test of two services is in both rows.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from stacktest.core.records.documents import HistoryLine
from stacktest.core.records.timeline import Span, Timeline
from stacktest.reports.wording import duration

SCALE = 1000
"""Width of a row in its own units."""
NARROWEST = 3.0
GAP = 1.0
"""The gap after a bar, in units of `SCALE`, that separates consecutive tests."""
OTHERS = "other tests"
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TICKS = 7


class Bar(Struct, frozen=True, kw_only=True):
    """One bar, in units of `SCALE`."""

    kind: str
    """`boot`, `passed` or `other`."""
    left: float
    width: float
    title: str


class Row(Struct, frozen=True, kw_only=True):
    """A service's bars, in the order of time."""

    name: str
    bars: tuple[Bar, ...]
    """Starts, and tests that did not pass."""
    passed: str
    """Path of all tests that passed."""
    boot: str
    """The result and the duration of its start, or empty."""
    tests: str
    """`4 tests, 3.2 s`, or empty."""


class Gantt(Struct, frozen=True, kw_only=True):
    """The rows by the time of their first bar, and the marks of the axis in percent."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]


def lay_out(timeline: Timeline, histories: Mapping[str, Sequence[HistoryLine]]) -> Gantt:
    """The chart of one run; the histories show which services a test belongs to."""
    total = max(timeline.seconds, 1.0)
    owners = _owners(timeline.run, histories)
    rows: dict[str, list[tuple[Span, bool]]] = {}
    for span in timeline.boots:
        rows.setdefault(span.name, []).append((span, True))
    for span in timeline.tests:
        for service in owners.get(span.name, (OTHERS,)):
            rows.setdefault(service, []).append((span, False))
    ordered = sorted(rows.items(), key=lambda row: (min(s.offset for s, _ in row[1]), row[0]))
    return Gantt(
        rows=tuple(_row(name, spans, total) for name, spans in ordered), ticks=_ticks(total)
    )


# Private


def _owners(
    run: str, histories: Mapping[str, Sequence[HistoryLine]]
) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for service, lines in histories.items():
        for line in lines:
            if line.run == run:
                for nodeid in line.tests:
                    owners[nodeid] = (*owners.get(nodeid, ()), service)
    return owners


def _row(name: str, spans: Sequence[tuple[Span, bool]], total: float) -> Row:
    boots = [span for span, is_boot in spans if is_boot]
    tests = [span for span, is_boot in spans if not is_boot]
    noun = "test" if len(tests) == 1 else "tests"
    bars = [_bar(span, is_boot, total) for span, is_boot in spans]
    return Row(
        name=name,
        bars=tuple(bar for bar in bars if bar.kind != "passed"),
        passed="".join(
            f"M{bar.left:g} 3h{bar.width:g}v8h-{bar.width:g}z"
            for bar in bars
            if bar.kind == "passed"
        ),
        boot=f"{boots[0].word}, {duration(boots[0].seconds)}" if boots else "",
        tests=f"{len(tests)} {noun}, {duration(sum(s.seconds for s in tests))}" if tests else "",
    )


def _bar(span: Span, is_boot: bool, total: float) -> Bar:  # noqa: FBT001
    kind = "boot" if is_boot else "passed" if span.word == "passed" else "other"
    name = "start" if is_boot else span.name.rpartition("::")[2]
    width = max(span.seconds / total * SCALE - GAP, NARROWEST)
    return Bar(
        kind=kind,
        left=round(min(span.offset / total * SCALE, SCALE - width), 1),
        width=round(width, 1),
        title=f"{name}: {span.word}, {duration(span.seconds)}",
    )


def _ticks(total: float) -> tuple[tuple[float, str], ...]:
    step = next((s for s in _STEPS if total / s <= _TICKS), _STEPS[-1])
    return tuple(
        (round(second / total * 100, 2), _clock(second))
        for second in range(0, int(total) + 1, step)
    )


def _clock(second: int) -> str:
    minutes, rest = divmod(second, 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
