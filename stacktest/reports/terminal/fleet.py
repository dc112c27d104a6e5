"""Several ledgers as two tables, one row per stack and one per service, worst first.

state       stack  engine        commit      judged                services          ledger
too old     shop   7ab3df1f62c9  1f3a9c0e2d  2026-11-17 10:12 UTC  0 of 3 proved     /srv/shop
functional  wiki   0be1aa0fd311  9c0e2d1f3a  2026-11-20 03:10 UTC  11 of 11 proved   /srv/wiki

state       stack  service  last pass             why
"""

import shlex
from collections.abc import Iterator, Sequence

from stacktest.core.freshness.reasons import listed
from stacktest.reports.fleet_data import Fleet, LedgerCopy, Trouble
from stacktest.reports.markup import cell
from stacktest.reports.wording import at, reason, word

STACKS = ("state", "stack", "engine", "commit", "judged", "services", "ledger")
SERVICES = ("state", "stack", "service", "last pass", "why")
MOST = 2
"""Reasons shown per service."""


def fleet_lines(fleet: Fleet) -> Iterator[str]:
    """Both tables, the count, and the next step for each ledger that is not trusted."""
    yield from _table([STACKS, *map(_stack_row, fleet.ledgers)])
    if fleet.services:
        yield ""
        yield from _table([SERVICES, *_service_rows(fleet)])
    yield ""
    yield fleet.verdict
    for ledger in fleet.troubled:
        yield f"note: {ledger.place}: {ledger.word}: {ledger.why}; next: {next_step(ledger)}"


def fleet_markdown(fleet: Fleet) -> Iterator[str]:
    """Both tables, the count and the troubles as Markdown."""
    for columns, rows in (
        (STACKS, list(map(_stack_row, fleet.ledgers))),
        (SERVICES, list(_service_rows(fleet))),
    ):
        yield f"| {' | '.join(columns)} |"
        yield "|---" * len(columns) + "|"
        for row in rows:
            yield f"| {' | '.join(map(cell, row))} |"
        yield ""
    yield fleet.verdict
    for ledger in fleet.troubled:
        yield f"- {cell(f'{ledger.place}: {ledger.word}: {ledger.why}')}"


def next_step(ledger: LedgerCopy) -> str:
    """The command, or the step, after which a ledger is trusted again."""
    folder = shlex.quote(ledger.place)
    if ledger.trouble is Trouble.DOUBLED:
        return "name one of them, or give each stack its own `identity` under [stack]"
    if ledger.trouble is Trouble.FORMAT:
        return "pip install --upgrade stacktest"
    return f"stacktest status --stack {folder}"


# Private


def _stack_row(ledger: LedgerCopy) -> tuple[str, ...]:
    run = ledger.run
    commit = (run.git_commit or "none")[:10] if run else ""
    total = f"{ledger.proved} of {len(ledger.services)} proved" if ledger.services else ""
    scope = " (the repository only)" if ledger.scope == "repo" else ""
    return (
        ledger.word,
        ledger.stack,
        ledger.engine or "not known",
        commit + ("*" if run and run.dirty else ""),
        at(ledger.judged) + scope,
        total,
        ledger.place,
    )


def _service_rows(fleet: Fleet) -> Iterator[tuple[str, ...]]:
    for ledger, name, state in fleet.services:
        entry = ledger.services[name]
        before = f"was {word(state)}" if ledger.trouble else ""
        yield (
            f"not known: {ledger.word}" if ledger.trouble else word(state),
            ledger.stack,
            name,
            at(entry.last_test_pass),
            before or listed([reason(text) for text in entry.reasons], MOST),
        )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
