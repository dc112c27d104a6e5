"""Draws a row of runs with one mark per run, which differ in shape first and colour second.

    passed      a full bar            flaky     a bar broken in two
    failed      a cross               incomplete  a dot
    known-false a lying bar
    absent      nothing               a triangle below: it changed before this run

All marks of one kind are one SVG path, which keeps a page of 36 services with 30 runs small.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from stacktest.reports.trends import Cell

PITCH = 7


class Strip(Struct, frozen=True, kw_only=True):
    """The paths of one row of runs, and its description in words."""

    paths: tuple[tuple[str, str], ...]
    """Kind of mark → path data."""
    width: int
    label: str


def draw(cells: Sequence[Cell], moved: Sequence[bool] = ()) -> Strip:
    """The row, oldest first."""
    data: dict[str, str] = {}
    for index, kind in enumerate(cells):
        data[kind] = data.get(kind, "") + _MARKS[kind].format(
            x=index * PITCH + 3, left=index * PITCH + 1
        )
    for index, is_move in enumerate(moved):
        if is_move:
            data["moved"] = data.get("moved", "") + f"M{index * PITCH + 3} 14.5l2.4 4h-4.8z"
    data.pop("absent", None)
    return Strip(
        paths=tuple(data.items()), width=max(1, len(cells)) * PITCH, label=label(cells, moved)
    )


def short_label(cells: Sequence[Cell]) -> str:
    """`27 of 30 passed, the last one failed`, for rows with a heading."""
    conclusive = [cell for cell in cells if cell != "absent"]
    if not conclusive:
        return "no runs"
    passed = sum(cell in ("passed", "flaky") for cell in conclusive)
    if passed == len(conclusive) and "flaky" not in conclusive:
        return f"{passed} of {passed} passed"
    return f"{passed} of {len(conclusive)} passed, the last one {_LAST[conclusive[-1]]}"


def label(cells: Sequence[Cell], moved: Sequence[bool] = ()) -> str:
    """`30 runs: 27 passed, 3 failed; the last one passed`."""
    conclusive: list[Cell] = [cell for cell in cells if cell != "absent"]
    if not conclusive:
        return "no runs"
    counts: Counter[Cell] = Counter(conclusive)
    summary = ", ".join(f"{counts[kind]} {_WORDS[kind]}" for kind in _WORDS if counts[kind])
    text = f"{len(conclusive)} {'run' if len(conclusive) == 1 else 'runs'}: {summary}"
    if any(moved):
        times = sum(moved)
        text += f"; it changed {'once' if times == 1 else f'{times} times'}"
    return f"{text}; the last one {_LAST[conclusive[-1]]}"


# Private

_MARKS: dict[Cell, str] = {
    "passed": "M{x} 3v9",
    "flaky": "M{x} 3v2m0 5v2",
    "failed": "M{left} 4.5l4 6m0-6l-4 6",
    "known-false": "M{left} 7.5h4",
    "incomplete": "M{x} 7.5v.01",
    "absent": "",
}
_WORDS: dict[Cell, str] = {
    "passed": "passed",
    "flaky": "passed only on a retry",
    "failed": "failed",
    "known-false": "known to be false",
    "incomplete": "incomplete",
}
_LAST: dict[Cell, str] = {
    "passed": "passed",
    "flaky": "passed on a retry",
    "failed": "failed",
    "known-false": "is known to be false",
    "incomplete": "was incomplete",
}
