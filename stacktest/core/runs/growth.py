"""Finds durations of a service that have grown: of its start, and of moves of its container.

The newest known time of every kind is compared with the usual one: the median of the times before.
A machine is never equally fast twice, so a time has grown only if it is 1.5 times the usual time
and a second longer, and the usual time needs three runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.history import WINDOW

FACTOR = 1.5
LONGER_BY = 1.0
"""Seconds."""
RUNS = 3
"""Minimum number of earlier times for a usual time."""
PHRASES: Mapping[str, str] = {
    "boot": "coming up",
    "restart": "a restart",
    "stop": "ending",
    "start": "a start after a stop",
    "recreate": "coming up in a new container",
    "crash": "coming back after a crash",
    "variant": "coming up as a variant",
    "variant_end": "coming up after a variant",
}
"""Kind of time → its name for people."""


class Growth(Struct, frozen=True, kw_only=True):
    """A time that is longer than usual."""

    kind: str
    seconds: float
    usual: float

    @property
    def phrase(self) -> str:
        """`coming back after a crash takes 9.1 s, usually 2.0 s`."""
        what = PHRASES.get(self.kind, self.kind)
        return f"{what} takes {self.seconds:.1f} s, usually {self.usual:.1f} s"


def growths(lines: Iterable[HistoryLine]) -> tuple[Growth, ...]:
    """The times of a service that have grown, from its history in any order."""
    ordered = sorted(lines, key=lambda line: line.seq)
    kinds = dict.fromkeys(["boot", *(kind for line in ordered for kind in line.times)])
    return tuple(growth for kind in kinds for growth in _growth(kind, ordered))


# Private


def _growth(kind: str, lines: Sequence[HistoryLine]) -> Iterator[Growth]:
    from statistics import median

    times = [line.times[kind] for line in lines if kind in line.times]
    before = times[-WINDOW - 1 : -1]
    if len(before) < RUNS:
        return
    seconds, usual = times[-1] / 1000, median(before) / 1000
    if seconds > max(usual * FACTOR, usual + LONGER_BY):
        yield Growth(kind=kind, seconds=seconds, usual=usual)
