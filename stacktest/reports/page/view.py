"""The content of the status page per service, as plain values: templates contain no decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from stacktest.core.fingerprint.fingerprint import PARTS
from stacktest.core.freshness.states import State
from stacktest.core.model import Port
from stacktest.core.records.status import StatusEntry
from stacktest.reports import trends, wording
from stacktest.reports.page import test_rows
from stacktest.reports.page.evidence import Left
from stacktest.reports.page.run_marks import Strip, draw
from stacktest.reports.report_data import Board

RUNS = 30
"""The number of runs in a strip."""


class Part(Struct, frozen=True, kw_only=True):
    """One part of a fingerprint, now and at the pass."""

    name: str
    now: str
    then: str
    word: str
    """`same`, `changed`, `not known`, `no record` or `does not apply`."""


class Neighbour(Struct, frozen=True, kw_only=True):
    """A dependency or a dependent, with its state."""

    name: str
    tone: str
    word: str


class ServiceView(Struct, frozen=True, kw_only=True):
    """Everything on the page about one service."""

    name: str
    state: str
    tone: str
    word: str
    meaning: str
    reasons: tuple[str, ...]
    more_reasons: int
    also: tuple[str, ...]
    command: str
    """The command that clears the service from the gate; empty if it does not close the gate."""
    exemption: str
    links: tuple[tuple[str, str], ...]
    """Address and host name."""
    published: tuple[str, ...]
    """Ports of this machine at which it is reached: `port 53/udp`, `127.0.0.1:8080`."""
    stand_in: str
    image: str
    profiles: tuple[str, ...]
    last_pass: datetime | None
    quality: str
    commit: str
    fingerprint: str
    pass_fingerprint: str
    parts: tuple[Part, ...]
    tests: tuple[tuple[str, tuple[test_rows.Test, ...]], ...]
    """File → its tests."""
    required: int
    passed: int
    flaky: int
    known_false: int
    """Tests whose claim is known to be false."""
    dependencies: tuple[Neighbour, ...]
    dependents: tuple[Neighbour, ...]
    unverified: tuple[str, ...]
    documented: bool
    page_updated: datetime | None
    reading: trends.Reading
    strip: Strip
    recent: tuple[test_rows.RecentRun, ...]
    failures: tuple[test_rows.Failure, ...]
    """Tests that failed in the newest run, with their evidence files."""
    refusal: str
    cells: tuple[test_rows.Cell | None, ...]
    backup: Neighbour | None
    """The state of its backup; None if it declares none."""


class Depth(Struct, frozen=True, kw_only=True):
    """How many items of unbounded lists the page shows."""

    recent: int = 5
    """The latest runs of a service, with their changes and reasons."""
    reasons: int = 12
    test_runs: int = RUNS
    """Runs in the strip of one test."""


DEPTH = Depth()
"""The default depth of a page."""


def services(
    board: Board, depth: Depth = DEPTH, evidence: Sequence[Left] = ()
) -> tuple[ServiceView, ...]:
    """One view per service in the status, worst state first."""
    return tuple(_view(board, name, state, depth, evidence) for name, state in board.states.items())


# Private


def _view(
    board: Board, name: str, state: State, depth: Depth, evidence: Sequence[Left]
) -> ServiceView:
    entry = board.status[name]
    model = board.stack.services.get(name)
    record, last_run = board.passes.get(name), board.runs.get(name)
    lines = tuple(board.histories.get(name, ()))
    shown = lines[-RUNS:]
    moved = trends.moves(lines)[-RUNS:]
    nodeids = test_rows.current_tests(lines)
    blockers = board.gate.blockers if board.gate else ()
    return ServiceView(
        name=name,
        state=state.value,
        tone=wording.tone(state),
        word=wording.word(state),
        meaning=wording.meaning(state),
        reasons=entry.reasons[: depth.reasons],
        more_reasons=max(0, len(entry.reasons) - depth.reasons),
        also=tuple(
            wording.word(other_state) for other_state in entry.also if other_state is not state
        ),
        command=next((b.command for b in blockers if b.service == name), ""),
        exemption=_exemption(board, name, state),
        links=_links(board, name),
        published=_published(model.ports if model else ()),
        stand_in=model.stand_in if model else "",
        image=model.image if model else "",
        profiles=model.profiles if model else (),
        last_pass=entry.last_test_pass,
        quality=record.quality if record else "",
        commit=(record.run.git_commit or "")[:10] if record else "",
        fingerprint=entry.fingerprint or "",
        pass_fingerprint=entry.pass_fingerprint or "",
        parts=_parts(entry, record.fingerprint.parts if record else {}),
        tests=test_rows.by_file(nodeids, shown[-depth.test_runs :]),
        required=entry.required,
        passed=entry.passed,
        flaky=entry.flaky,
        known_false=[*test_rows.current_cells(lines).values()].count("known-false"),
        dependencies=_neighbours(board, model.dependencies if model else ()),
        dependents=_neighbours(board, _dependents(board, name)),
        unverified=entry.unverified,
        documented=entry.documented,
        page_updated=entry.spoke_updated,
        reading=trends.read(lines),
        strip=draw([trends.cell(line) for line in shown], moved),
        recent=test_rows.latest_runs(shown, depth.recent),
        failures=test_rows.failures(shown[-1:], evidence, depth.reasons),
        refusal=last_run.refusal if last_run else "",
        cells=test_rows.by_phase(board, nodeids, lines),
        backup=_backup(board, name),
    )


def _backup(board: Board, name: str) -> Neighbour | None:
    entry = board.meta.backups.get(name)
    if entry is None:
        return None
    tone = wording.tone(entry.known_state)
    return Neighbour(name=wording.backup_sentence(entry), tone=tone, word=entry.state)


def _links(board: Board, name: str) -> tuple[tuple[str, str], ...]:
    """Address and host name of each route, each host once, patterns left out."""
    addresses = {route.host: board.address(route) for route in board.stack.named_routes_of(name)}
    return tuple((address, host) for host, address in addresses.items())


def _published(ports: Sequence[Port]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_address(port) for port in ports if port.published))


def _address(port: Port) -> str:
    number = f"{port.published}{'' if port.protocol == 'tcp' else f'/{port.protocol}'}"
    return f"{port.host_ip}:{number}" if port.host_ip not in _EVERYWHERE else f"port {number}"


_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - read, never listened at


def _exemption(board: Board, name: str, state: State) -> str:
    for exemption in board.meta.exemptions:
        if exemption.service == name and state.value in exemption.states:
            return f"{exemption.reason} (until {exemption.until.isoformat()})"
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
    return Part(name=wording.part(name), now=_digest(now), then=_digest(then), word=word)


def _digest(value: str | None) -> str:
    return "-" if value in (None, "none") else str(value)


def _dependents(board: Board, name: str) -> tuple[str, ...]:
    services = board.stack.services.values()
    return tuple(sorted(service.name for service in services if name in service.dependencies))


def _neighbours(board: Board, names: Sequence[str]) -> tuple[Neighbour, ...]:
    return tuple(_neighbour(board, name) for name in names)


def _neighbour(board: Board, name: str) -> Neighbour:
    entry = board.status.get(name)
    if entry is None:
        return Neighbour(name=name, tone="blank", word="not judged")
    state = wording.state_of(entry)
    return Neighbour(name=name, tone=wording.tone(state), word=wording.word(state))
