"""Makes the timeline of a run from the starts of its services and the outcomes of its tests."""

from collections.abc import Iterable
from datetime import datetime

from stacktest.core.records.timeline import Span, Timeline
from stacktest.core.runs.verdict import Outcome


def timeline_of(
    run: str, started: datetime, boots: Iterable[Span], outcomes: Iterable[Outcome]
) -> Timeline:
    """The timeline that the page draws; tests that did not begin are left out."""
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
