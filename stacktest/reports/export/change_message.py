"""News as a title, as a short text for a phone, and as a JSON document."""

from collections.abc import Iterator

from stacktest.core import timestamps
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.runs.changes import Change, News
from stacktest.printable import one_line
from stacktest.reports import wording

SCHEMA = "stacktest.news/1"
LISTED = 10
"""The number of services that the text names before it only counts: it is read on a phone."""


def title(news: News) -> str:
    """`shop: 2 services broken, 1 works again`."""
    now = news.now
    if now.trouble and (news.trouble_began or not news.changes):
        trouble = "the run could not begin" if news.is_about_run else "the stack did not come up"
        return f"{now.stack}: {trouble}"
    broken = sum(not change.functional for change in news.changes)
    works = len(news.changes) - broken
    parts = [f"{wording.count(broken, 'service')} broken"] if broken else []
    parts += [_again(works, alone=not broken)] if works else []
    again = "runs begin again" if news.is_about_run else "the stack came up again"
    parts = parts or [again] if news.trouble_ended else parts
    return f"{now.stack}: {', '.join(parts) or 'nothing changed'}"


def text(news: News) -> str:
    """A dozen lines at most: the changes and reasons, the whole stack's state, the next command."""
    return "\n".join(_lines(news))


def document(news: News) -> dict[str, Json]:
    """The complete news as a JSON document: `schemas/news.v1.schema.json`."""
    now = news.now
    not_functional = sorted(name for name, entry in now.services.items() if not entry.functional)
    return {
        "schema": SCHEMA,
        "stack": now.stack,
        "at": timestamps.to_text(now.at),
        "title": title(news),
        "text": text(news),
        "gate": "open" if now.well else "closed",
        "trouble": now.trouble or None,
        "services": len(now.services),
        "not_functional": [*not_functional],
        "changes": [_change(change) for change in news.changes],
    }


def why(state: State | None, reasons: tuple[str, ...]) -> str:
    """`failing: tests/test_a.py::test_b and 2 more`; only the state's word without a reason."""
    state_text = wording.word(state) if state else "not functional"
    if not reasons:
        return state_text
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"{state_text}: {one_line(reasons[0])}{more}"


# Private


def _again(number: int, *, alone: bool) -> str:
    verb = "works" if number == 1 else "work"
    return f"{wording.count(number, 'service') if alone else number} {verb}"


def _lines(news: News) -> Iterator[str]:
    now = news.now
    if now.trouble:
        yield one_line(now.trouble)
    if now.trouble and not news.changes:
        yield f"next: {'pytest --stack-dry-run' if news.is_about_run else 'stacktest up'}"
        return
    width = max((len(change.service) for change in news.changes[:LISTED]), default=0)
    for change in news.changes[:LISTED]:
        if change.functional:
            yield f"works   {change.service}"
        else:
            yield f"broken  {change.service:<{width}}  {why(change.state, change.reasons)}"
    if len(news.changes) > LISTED:
        yield f"and {len(news.changes) - LISTED} more"
    proved = sum(entry.functional for entry in now.services.values())
    gate = "open" if now.gate_open else "closed"
    yield f"{proved} of {len(now.services)} services are functional; the gate is {gate}"
    if not now.gate_open:
        yield "next: stacktest gate"


def _change(change: Change) -> dict[str, Json]:
    return {
        "service": change.service,
        "functional": change.functional,
        "state": change.state.value if change.state else None,
        "reasons": [*change.reasons],
    }
