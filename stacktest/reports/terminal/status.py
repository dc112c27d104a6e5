"""The status of all services as a table, in plain text or Markdown.

service   state       last pass         fingerprint       why
caddy     functional  2026-11-20 10:12  7513d8cdb2504e69
redis     changed     2026-11-19 03:10  099f67df70ebaea5  config:redis.conf

11 functional, 2 not: gate closed unless exempt
backup of redis: restorable, the backup of 2026-11-19 03:10 UTC was restored in 1.2 s
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.reasons import listed, listed_rows
from stacktest.core.freshness.states import State
from stacktest.core.records.status import ABSENT, StatusMeta
from stacktest.reports.markup import cell
from stacktest.reports.wording import backup_sentence, count

COLUMNS = ("service", "state", "last pass", "fingerprint", "why")
FINGERPRINT = COLUMNS.index("fingerprint")
MOST = 2
"""The number of reasons shown per service; `stacktest why` shows all."""


def text_lines(
    judgements: Mapping[str, Judgement],
    meta: StatusMeta,
    stand_ins: Collection[str] = (),
    width: int | None = None,
) -> Iterator[str]:
    """One line per service, worst state first, then the count, backups and warnings.

    If a line is longer than `width`, the fingerprints are left out, and longer lines are cut.
    """
    rows: list[tuple[str, ...]] = [COLUMNS, *_rows(judgements, stand_ins)]
    if width is not None and max(map(len, _table(rows))) > width:
        rows = [(*row[:FINGERPRINT], *row[FINGERPRINT + 1 :]) for row in rows]
    for line in _table(rows):
        yield line if width is None or len(line) <= width else f"{line[: width - 1]}…"
    yield ""
    yield _count(judgements)
    if stand_ins:
        yield "* a stand-in answers, not the real program"
    if judgements and len(_absent(judgements)) == len(judgements):
        yield "note: no service has a container now; the states are those of the last runs"
    yield from absent_lines(judgements)
    yield from _backups(meta)
    yield from (f"note: {warning}" for warning in meta.warnings)


def absent_lines(judgements: Mapping[str, Judgement]) -> Iterator[str]:
    """A note on functional services that have no container, while others have one.

    That is no fault, since a run takes down what it started, but a person may expect them to run.
    """
    absent = _absent(judgements)
    functional = sorted(name for name in absent if judgements[name].entry.functional)
    if functional and len(absent) < len(judgements):
        yield f"note: functional by an earlier run, without a container now: {listed(functional)}"


def markdown_lines(
    judgements: Mapping[str, Judgement], meta: StatusMeta, stand_ins: Collection[str] = ()
) -> Iterator[str]:
    """The services as a Markdown table, then the count, backups and warnings."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for row in _rows(judgements, stand_ins):
        yield f"| {' | '.join(cell(text) for text in row)} |"
    yield ""
    yield _count(judgements)
    yield from (f"- {cell(line)}" for line in (*_backups(meta), *meta.warnings))


# Private


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _rows(
    judgements: Mapping[str, Judgement], stand_ins: Collection[str]
) -> Iterator[tuple[str, ...]]:
    ordered = sorted(judgements.values(), key=lambda item: (item.state.rank, item.service))
    causes = listed_rows((judgement.reasons for judgement in ordered), MOST)
    for judgement, why in zip(ordered, causes, strict=True):
        entry = judgement.entry
        yield (
            judgement.service + ("*" if judgement.service in stand_ins else ""),
            judgement.state.value,
            _minute(entry.last_test_pass),
            entry.fingerprint or "unknown",
            why,
        )


def _absent(judgements: Mapping[str, Judgement]) -> set[str]:
    return {name for name, item in judgements.items() if ABSENT in item.entry.unverified}


def _backups(meta: StatusMeta) -> Iterator[str]:
    """The lines on backups, worst first."""
    entries = sorted(meta.backups.items(), key=lambda item: (item[1].known_state.rank, item[0]))
    for name, entry in entries:
        yield f"backup of {name}: {entry.state}, {backup_sentence(entry)}"


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "never"


def _count(judgements: Mapping[str, Judgement]) -> str:
    counts = Counter(judgement.state for judgement in judgements.values())
    parts = [f"{counts[state]} {state.value}" for state in reversed(State) if counts[state]]
    return f"{count(len(judgements), 'service')}: {', '.join(parts)}" if parts else "no service"
