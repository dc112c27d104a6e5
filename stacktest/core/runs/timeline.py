"""The timeline of a run: when its services started, and what each of its tests took."""

from collections.abc import Iterable
from datetime import datetime

from stacktest.core.records.timeline import Span, Timeline
from stacktest.core.runs.verdict import Outcome


def timeline_of(
    run: str, started: datetime, boots: Iterable[Span], outcomes: Iterable[Outcome]
) -> Timeline:
    """What the page draws of a run; tests that did not begin are left out."""
    return Timeline(
        run=run,
        started=started,
        boots=tuple(boots),
        tests=tuple(
            Span(
                name=outcome.nodeid,
                offset=(outcome.started - started).total_seconds(),
                seconds=outcome.seconds,
                word=outcome.result,
            )
            for outcome in outcomes
            if outcome.started is not None
        ),
    )
