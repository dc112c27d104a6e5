"""The outcomes of the last run from the records, for formats that list every test."""

from collections.abc import Iterable, Mapping

from stacktest.core.runs.verdict import Outcome, Result
from stacktest.reports.report_data import Board


def recorded_outcomes(board: Board) -> tuple[Outcome, ...]:
    """The outcomes of the newest run, as far as they are in the records.

    The durations of its tests are known only on the machine that has its timeline.
    """
    run, timeline = board.latest_run, board.timeline
    if run is None:
        return ()
    is_of_run = timeline is not None and timeline.run == run.id
    spans = {span.name: span for span in timeline.tests} if timeline and is_of_run else {}
    owners: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    letters: dict[str, str] = {}
    for service, lines in sorted(board.histories.items()):
        for line in lines:
            if line.run == run.id:
                for nodeid, letter in line.tests.items():
                    owners.setdefault(nodeid, []).append(service)
                    letters[nodeid] = letter
                    reasons |= _reason(nodeid, line.reasons)
    return tuple(
        Outcome(
            nodeid=nodeid,
            services=tuple(owners[nodeid]),
            result=_RESULTS.get(letters[nodeid], "unfinished"),
            flaky=letters[nodeid] == "~",
            reason=reasons.get(nodeid, ""),
            seconds=spans[nodeid].seconds if nodeid in spans else 0.0,
        )
        for nodeid in sorted(owners)
    )


# Private

_RESULTS: Mapping[str, Result] = {
    ".": "passed",
    "~": "passed",
    "F": "failed",
    "E": "error",
    "k": "known_false",
    "K": "holds_now",
    "s": "skipped",
    "x": "xfailed",
    "X": "xpassed",
}


def _reason(nodeid: str, reasons: Iterable[str]) -> dict[str, str]:
    """The test's message, from its reason `… failed: AssertionError: …` after the first colon."""
    match = next((text for text in reasons if text.startswith(f"{nodeid} ")), "")
    message = match.removeprefix(nodeid).partition(": ")[2]
    return {nodeid: message} if message else {}
