"""The status page: one HTML file that needs no network, no server and no JavaScript."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from stacktest.core.freshness.gate import Blocker
from stacktest.printable import visible
from stacktest.reports import wording
from stacktest.reports.page import view
from stacktest.reports.page.evidence import ADDRESS, Left
from stacktest.reports.page.gantt import lay_out
from stacktest.reports.page.jinja import page_environment
from stacktest.reports.page.operations import operation_rows
from stacktest.reports.report_data import Board

OLD = timedelta(hours=36)
"""A judgement older than this gets a banner, since it does not show the current health."""
LISTED = 12
"""The number of services that the overview lists before it refers to the table."""


LARGEST = 500_000
"""The largest size of a page in bytes, so that it can be mailed and opened on a phone."""
DEPTHS = (
    view.Depth(),
    view.Depth(recent=2, reasons=6, test_runs=15),
    view.Depth(recent=1, reasons=3, test_runs=6),
)


def render_page(board: Board, *, evidence: Sequence[Left] | None = None) -> str:
    """The page of one stack; the same board always gives the same text.

    `evidence` holds the evidence files of failed tests, if a server has them.
    If the page would be too large, old runs and long lists of reasons are shortened.
    """
    text = ""
    for depth in DEPTHS:
        text = _render(board, depth, evidence)
        if len(text.encode()) <= LARGEST:
            break
    return text


# Private


def _render(board: Board, depth: view.Depth, evidence: Sequence[Left] | None) -> str:
    services = view.services(board, depth, evidence or ())
    strips = {test.strip.paths: test.strip for s in services for _, ts in s.tests for test in ts}
    states = list(board.states.values())
    tones = Counter(wording.tone(state) for state in states)
    blockers = _first_of_each(board.gate.blockers if board.gate else ())
    text = _template().render(
        stack=board.stack,
        evidence="" if evidence is None else ADDRESS,
        now=board.now,
        evaluated=board.meta.evaluated_at,
        is_old=board.now - board.meta.evaluated_at > OLD,
        old_hours=int(OLD.total_seconds() // 3600),
        verdict=wording.verdict(states),
        breakdown=wording.breakdown(states),
        gate=board.gate,
        tones=[(tone, tones[tone], _TONE_WORDS[tone]) for tone in reversed(wording.TONES)],
        total=len(states),
        services=services,
        views={service.name: service for service in services},
        blockers=blockers[:LISTED],
        closed_by=_closed_by(blockers),
        more=max(0, len(blockers) - LISTED),
        phases=[(phase.name, _number(phase.name), phase.title) for phase in board.stack.phases],
        gantt=lay_out(board.timeline, board.histories) if board.timeline else None,
        timeline=board.timeline,
        operations=operation_rows(board.operations),
        environment=_environment(board),
        warnings=board.meta.warnings,
        exemptions=board.meta.exemptions,
        strips={
            paths: (f"t{number}", strip) for number, (paths, strip) in enumerate(strips.items())
        },
        runs=view.RUNS,
    )
    return visible(text)


_TONE_WORDS = {
    "good": "functional",
    "doc": "page missing or behind",
    "blank": "never proved",
    "stale": "stale",
    "bad": "broken",
}


@cache
def _template() -> Any:
    return page_environment().get_template("page.html.j2")


def _number(phase: str) -> str:
    """`phase0_5` → `0.5`; a phase with another name keeps it."""
    number = phase.removeprefix("phase").replace("_", ".")
    return number if number[:1].isdigit() else phase


def _environment(board: Board) -> list[tuple[str, str]]:
    run = board.latest_run
    rows = [("project", board.stack.name), ("domain", board.stack.domain)]
    if run:
        commit = (run.git_commit or "none")[:10] + (" with local changes" if run.dirty else "")
        rows += [
            ("last run", f"{run.id} (number {run.seq})"),
            ("began", wording.at(run.started)),
            ("ended", wording.at(run.finished) if run.finished else "it did not"),
            ("commit", commit),
            ("stack", run.stack),
        ]
    versions = dict(board.meta.versions) | (dict(run.versions) if run else {})
    rows += sorted(versions.items())
    scope = "this host" if board.meta.scope == "host" else "the repository only"
    rows += [
        ("judged for", scope),
        ("fingerprint version", str(board.meta.fingerprint_version)),
        ("key", board.meta.key_id or "none"),
    ]
    return [(name, value) for name, value in rows if value]


def _closed_by(blockers: Sequence[Blocker]) -> str:
    """`3 services`, each counted once even with several blockers, or `the status itself`."""
    named = sum(bool(blocker.service) for blocker in blockers)
    return wording.count(named, "service") if named else "the status itself"


def _first_of_each(blockers: Iterable[Blocker]) -> tuple[Blocker, ...]:
    """The worst blocker of each service, whose command is to be run first."""
    first: dict[str, Blocker] = {}
    for blocker in blockers:
        first.setdefault(blocker.service, blocker)
    return tuple(sorted(first.values(), key=lambda blocker: blocker.state.rank))
