"""What the status page says of each service, as plain values: the template decides nothing."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from stacktest.core.records import HistoryLine
from stacktest.core.states import State
from stacktest.core.status import StatusEntry
from stacktest.reports import history_strip, words
from stacktest.reports.board import Board
from stacktest.reports.strip import Strip, draw, short_label

RUNS = 30
"""Runs in a strip."""
NOTE = 240
"""Characters of what is said about one run."""
PARTS = ("image", "config", "env", "stanza", "build")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a fingerprint, now and at the pass."""

    name: str
    now: str
    then: str
    word: str
    """`same`, `changed`, `not known`, `no record` or `does not apply`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A service's tests in one phase."""

    kind: str
    text: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One test of a service, over its runs."""

    name: str
    cell: str
    strip: Strip


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A dependency or a dependent, with its state."""

    name: str
    tone: str
    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRun:
    """One of the latest runs, newest first."""

    when: datetime
    cell: str
    word: str
    fingerprint: str
    commit: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceView:
    """Everything that the page says of one service."""

    name: str
    state: str
    tone: str
    word: str
    meaning: str
    reasons: tuple[str, ...]
    more_reasons: int
    also: tuple[str, ...]
    command: str
    """Clears the service from the gate; empty when it does not close it."""
    exemption: str
    links: tuple[tuple[str, str], ...]
    stand_in: str
    image: str
    profiles: tuple[str, ...]
    last_pass: datetime | None
    quality: str
    commit: str
    fingerprint: str
    pass_fingerprint: str
    parts: tuple[Part, ...]
    tests: tuple[tuple[str, tuple[Test, ...]], ...]
    """File → its tests."""
    required: int
    passed: int
    flaky: int
    dependencies: tuple[Neighbour, ...]
    dependents: tuple[Neighbour, ...]
    unverified: tuple[str, ...]
    documented: bool
    page_updated: datetime | None
    reading: history_strip.Reading
    strip: Strip
    recent: tuple[RecentRun, ...]
    refusal: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """How much of what has no bound is shown."""

    recent: int = 5
    """Runs of a service with what happened in them."""
    reasons: int = 12
    test_runs: int = RUNS
    """Runs in the strip of one test."""


def services(board: Board, depth: Depth = Depth()) -> tuple[ServiceView, ...]:
    """One view per service in the status, worst state first."""
    return tuple(_view(board, name, state, depth) for name, state in board.states.items())


def current_cells(lines: Sequence[HistoryLine]) -> Mapping[str, history_strip.Cell]:
    """Each test that still exists, and what became of it last."""
    return {nodeid: _latest(nodeid, lines) for nodeid in _current_tests(lines)}


# Private


def _view(board: Board, name: str, state: State, depth: Depth) -> ServiceView:
    entry = board.status[name]
    model = board.stack.services.get(name)
    record, last_run = board.passes.get(name), board.runs.get(name)
    lines = tuple(board.histories.get(name, ()))
    shown = lines[-RUNS:]
    moved = history_strip.moves(lines)[-RUNS:]
    nodeids = _current_tests(lines)
    blockers = board.gate.blockers if board.gate else ()
    return ServiceView(
        name=name,
        state=state.value,
        tone=words.tone(state),
        word=words.word(state),
        meaning=words.meaning(state),
        reasons=entry.reasons[: depth.reasons],
        more_reasons=max(0, len(entry.reasons) - depth.reasons),
        also=tuple(words.word(one) for one in entry.also if one is not state),
        command=next((b.command for b in blockers if b.service == name), ""),
        exemption=_exemption(board, name, state),
        links=_links(board, name),
        stand_in=model.stand_in if model else "",
        image=model.image if model else "",
        profiles=model.profiles if model else (),
        last_pass=entry.last_test_pass,
        quality=record.quality if record else "",
        commit=(record.run.git_commit or "")[:10] if record else "",
        fingerprint=entry.fingerprint or "",
        pass_fingerprint=entry.pass_fingerprint or "",
        parts=_parts(entry, record.mark.parts if record else {}),
        tests=_tests(nodeids, shown[-depth.test_runs :]),
        required=entry.required,
        passed=entry.passed,
        flaky=entry.flaky,
        dependencies=_neighbours(board, model.dependencies if model else ()),
        dependents=_neighbours(board, _dependents(board, name)),
        unverified=entry.unverified,
        documented=entry.documented,
        page_updated=entry.spoke_updated,
        reading=history_strip.read(lines),
        strip=draw([history_strip.cell(line) for line in shown], moved),
        recent=_recent(shown, depth.recent),
        refusal=last_run.refusal if last_run else "",
        cells=_cells(board, nodeids, lines),
    )


def _links(board: Board, name: str) -> tuple[tuple[str, str], ...]:
    """Address and host name of each route, each host once, patterns left out."""
    seen = {route.host: board.address(route) for route in board.stack.routes_of(name)}
    return tuple((address, host) for host, address in seen.items() if "*" not in host)


def _exemption(board: Board, name: str, state: State) -> str:
    for one in board.meta.exemptions:
        if one.service == name and state.value in one.states:
            return f"{one.reason} (until {one.until.isoformat()})"
    return ""


def _parts(entry: StatusEntry, then: Mapping[str, str | None]) -> tuple[Part, ...]:
    names = [*PARTS, *sorted(set(entry.parts) - set(PARTS))] if entry.parts else []
    return tuple(_part(name, entry.parts.get(name), then.get(name)) for name in names)


def _part(name: str, now: str | None, then: str | None) -> Part:
    if now is None or then is None:
        word = "not known" if now is None else "no record"
    elif now == then:
        word = "does not apply" if now == "none" else "same"
    else:
        word = "changed"
    return Part(name=name, now=_digest(now), then=_digest(then), word=word)


def _digest(value: str | None) -> str:
    return "-" if value in (None, "none") else str(value)


def _current_tests(lines: Sequence[HistoryLine]) -> tuple[str, ...]:
    """The tests since the last run that was complete: what came before it may be gone by now."""
    found: set[str] = set()
    for line in reversed(lines):
        found |= set(line.tests)
        if line.verdict == "passed":
            break
    return tuple(sorted(found))


def _latest(nodeid: str, lines: Sequence[HistoryLine]) -> history_strip.Cell:
    cells = (history_strip.test_cell(line, nodeid) for line in reversed(lines))
    return next((cell for cell in cells if cell != "absent"), "absent")


def _tests(
    nodeids: Sequence[str], lines: Sequence[HistoryLine]
) -> tuple[tuple[str, tuple[Test, ...]], ...]:
    files: dict[str, list[Test]] = {}
    for nodeid in nodeids:
        files.setdefault(nodeid.partition("::")[0], []).append(_test(nodeid, lines))
    return tuple((file, tuple(tests)) for file, tests in files.items())


def _test(nodeid: str, lines: Sequence[HistoryLine]) -> Test:
    cells = [history_strip.test_cell(line, nodeid) for line in lines]
    return Test(
        name=nodeid.partition("::")[2].replace("::", " > "),
        cell=_latest(nodeid, lines),
        strip=replace(draw(cells), label=short_label(cells)),
    )


def _dependents(board: Board, name: str) -> tuple[str, ...]:
    found = board.stack.services.values()
    return tuple(sorted(one.name for one in found if name in one.dependencies))


def _neighbours(board: Board, names: Sequence[str]) -> tuple[Neighbour, ...]:
    return tuple(_neighbour(board, name) for name in names)


def _neighbour(board: Board, name: str) -> Neighbour:
    entry = board.status.get(name)
    if entry is None:
        return Neighbour(name=name, tone="blank", word="not judged")
    state = words.state_of(entry)
    return Neighbour(name=name, tone=words.tone(state), word=words.word(state))


def _recent(lines: Sequence[HistoryLine], number: int) -> tuple[RecentRun, ...]:
    before = [None, *lines][: len(lines)]
    pairs = list(zip(before, lines, strict=True))[max(0, len(lines) - number) :]
    return tuple(_recent_run(old, line) for old, line in reversed(pairs))


def _recent_run(old: HistoryLine | None, line: HistoryLine) -> RecentRun:
    changed = history_strip.changed_parts(old, line) if old else ()
    notes = [f"{', '.join(changed)} changed"] if changed else []
    notes += list(line.reasons[:2])
    if len(line.reasons) > len(line.reasons[:2]):
        notes.append(f"and {len(line.reasons) - 2} more")
    return RecentRun(
        when=line.started,
        cell=history_strip.cell(line),
        word="passed on a retry" if history_strip.cell(line) == "flaky" else line.verdict,
        fingerprint=line.mark.fingerprint or "not known",
        commit=(line.git_commit or "")[:10],
        note=textwrap.shorten("; ".join(notes), NOTE, placeholder=" …"),
    )


def _cells(
    board: Board, nodeids: Sequence[str], lines: Sequence[HistoryLine]
) -> tuple[Cell | None, ...]:
    by_phase: dict[str, list[history_strip.Cell]] = {}
    for nodeid in nodeids:
        by_phase.setdefault(board.phase_of(nodeid), []).append(_latest(nodeid, lines))
    return tuple(
        _cell(by_phase[phase.name]) if phase.name in by_phase else None
        for phase in board.stack.phases
    )


def _cell(found: Sequence[history_strip.Cell]) -> Cell:
    total, failed = len(found), found.count("failed")
    passed = found.count("passed") + found.count("flaky")
    tests = words.count(total, "test")
    if failed:
        return Cell(kind="failed", text=f"{failed}/{total}", label=f"{failed} of {tests} failed")
    if passed < total:
        label = f"{passed} of {tests} passed, the rest did not run to the end"
        return Cell(kind="incomplete", text=f"{passed}/{total}", label=label)
    if "flaky" in found:
        return Cell(kind="flaky", text=str(total), label=f"{tests} passed, some only on a retry")
    return Cell(kind="passed", text=str(total), label=f"{tests} passed")
