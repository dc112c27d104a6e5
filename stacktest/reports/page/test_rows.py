"""A service's tests as the page shows them: by file, by phase, and run by run."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.records.documents import HistoryLine
from stacktest.reports import trends, wording
from stacktest.reports.page.evidence import Left, left_by_test
from stacktest.reports.page.failure import NAME as PAGE
from stacktest.reports.page.run_marks import Strip, draw, short_label
from stacktest.reports.report_data import Board

NOTE = 240
"""The largest number of characters of the text about one run."""


class Cell(Struct, frozen=True, kw_only=True):
    """A service's tests in one phase."""

    kind: str
    text: str
    label: str


class Test(Struct, frozen=True, kw_only=True):
    """One test of a service, over its runs."""

    name: str
    cell: str
    strip: Strip


class RecentRun(Struct, frozen=True, kw_only=True):
    """One of the latest runs, newest first."""

    when: datetime
    cell: str
    word: str
    fingerprint: str
    commit: str
    note: str


class Failure(Struct, frozen=True, kw_only=True):
    """A test that failed in the newest run, and links to its evidence files."""

    name: str
    links: tuple[tuple[str, str], ...]
    """Address and name of each file."""


def failures(
    newest: Sequence[HistoryLine], evidence: Sequence[Left], most: int
) -> tuple[Failure, ...]:
    """The failed tests of the newest run that have evidence files, traces before logs."""
    nodeids = (
        (line.run, nodeid)
        for line in newest
        for nodeid in line.tests
        if trends.test_cell(line, nodeid) == "failed"
    )
    listed = ((nodeid, left_by_test(nodeid, run, evidence)) for run, nodeid in nodeids)
    return tuple(_failure(nodeid, files) for nodeid, files in listed if files)[:most]


def current_tests(lines: Sequence[HistoryLine]) -> tuple[str, ...]:
    """The tests in the last complete run and since: tests of earlier runs may no longer exist."""
    nodeids: set[str] = set()
    for line in reversed(lines):
        nodeids |= set(line.tests)
        if line.verdict == "passed":
            break
    return tuple(sorted(nodeids))


def current_cells(lines: Sequence[HistoryLine]) -> Mapping[str, trends.Cell]:
    """Each test that still exists, with its last outcome."""
    return {nodeid: _latest(nodeid, lines) for nodeid in current_tests(lines)}


def by_file(
    nodeids: Sequence[str], lines: Sequence[HistoryLine]
) -> tuple[tuple[str, tuple[Test, ...]], ...]:
    """File → its tests, each over the runs `lines`."""
    files: dict[str, list[Test]] = {}
    for nodeid in nodeids:
        files.setdefault(nodeid.partition("::")[0], []).append(_test(nodeid, lines))
    return tuple((file, tuple(tests)) for file, tests in files.items())


def by_phase(
    board: Board, nodeids: Sequence[str], lines: Sequence[HistoryLine]
) -> tuple[Cell | None, ...]:
    """One cell per phase of the stack; None if no test of the service is in the phase."""
    cells: dict[str, list[trends.Cell]] = {}
    for nodeid in nodeids:
        cells.setdefault(board.phase_of(nodeid), []).append(_latest(nodeid, lines))
    return tuple(
        _cell(cells[phase.name]) if phase.name in cells else None for phase in board.stack.phases
    )


def latest_runs(lines: Sequence[HistoryLine], number: int) -> tuple[RecentRun, ...]:
    """The newest runs first, each with the changes before it and its reasons."""
    before = [None, *lines][: len(lines)]
    pairs = list(zip(before, lines, strict=True))[max(0, len(lines) - number) :]
    return tuple(_recent_run(old, line) for old, line in reversed(pairs))


# Private


def _failure(nodeid: str, files: Sequence[Left]) -> Failure:
    """Links to the folder's page and the trace; to every file if there is no such page."""
    has_page = any(file.name == PAGE for file in files)
    shown = [
        file for file in files if not has_page or file.name == PAGE or file.opens != file.address
    ]
    ordered = sorted(
        shown, key=lambda file: (file.name != PAGE, file.opens == file.address, file.name)
    )
    return Failure(
        name=nodeid.partition("::")[2], links=tuple((file.opens, file.name) for file in ordered)
    )


def _latest(nodeid: str, lines: Sequence[HistoryLine]) -> trends.Cell:
    cells = (trends.test_cell(line, nodeid) for line in reversed(lines))
    return next((cell for cell in cells if cell != "absent"), "absent")


def _test(nodeid: str, lines: Sequence[HistoryLine]) -> Test:
    cells = [trends.test_cell(line, nodeid) for line in lines]
    return Test(
        name=nodeid.partition("::")[2].replace("::", " > "),
        cell=_latest(nodeid, lines),
        strip=replace(draw(cells), label=short_label(cells)),
    )


def _cell(cells: Sequence[trends.Cell]) -> Cell:
    total, failed = len(cells), cells.count("failed")
    false = cells.count("known-false")
    passed = cells.count("passed") + cells.count("flaky") + false
    tests = wording.count(total, "test")
    if failed:
        return Cell(kind="failed", text=f"{failed}/{total}", label=f"{failed} of {tests} failed")
    if passed < total:
        label = f"{passed} of {tests} passed, the rest did not run to the end"
        return Cell(kind="incomplete", text=f"{passed}/{total}", label=label)
    if false:
        label = f"{total - false} of {tests} passed, {false} known to be false"
        return Cell(kind="known-false", text=f"{total - false}/{total}", label=label)
    if "flaky" in cells:
        return Cell(kind="flaky", text=str(total), label=f"{tests} passed, some only on a retry")
    return Cell(kind="passed", text=str(total), label=f"{tests} passed")


def _recent_run(old: HistoryLine | None, line: HistoryLine) -> RecentRun:
    changed = trends.changed_parts(old, line) if old else ()
    notes = [f"{', '.join(map(wording.part, changed))} changed"] if changed else []
    notes += list(line.reasons[:2])
    if len(line.reasons) > len(line.reasons[:2]):
        notes.append(f"and {len(line.reasons) - 2} more")
    return RecentRun(
        when=line.started,
        cell=trends.cell(line),
        word="passed on a retry" if trends.cell(line) == "flaky" else line.verdict,
        fingerprint=line.fingerprint.digest or "not known",
        commit=(line.git_commit or "")[:10],
        note=textwrap.shorten("; ".join(notes), NOTE, placeholder=" …"),
    )
