"""The runs of services as lines: one letter per run, oldest first, and their trend in words.

redis     ..F..~.   flake: the same fingerprint both passed and failed
mariadb   .....FF   regression: it fails since mounted files changed
grafana   .......   steady: it passes, and did so before; coming up takes 12.0 s, usually 4.1 s
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import asdict

from stacktest.core.json_data import Json
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.growth import growths
from stacktest.core.runs.history import STAYS, Trend, classify, classify_test
from stacktest.reports.wording import part

LETTERS = {"passed": ".", "failed": "F", "incomplete": "-", "untouched": " "}
SHOWN = 30
"""The number of runs shown per service."""


def history_lines(runs: Mapping[str, Sequence[HistoryLine]], test: str = "") -> Iterator[str]:
    """A line per service (or per service that the test names), then the key to the letters."""
    known = {name: lines for name, lines in runs.items() if lines}
    if not known:
        yield "no run yet"
        return
    width = max(len(name) for name in known)
    strips = {name: _strip(lines, test) for name, lines in known.items()}
    longest = max(len(strip) for strip in strips.values())
    for name, lines in sorted(known.items()):
        course = classify_test(lines, test) if test else classify(lines)
        slower = [] if test else [growth.phrase for growth in growths(lines)]
        words = "; ".join([course_words(course), *slower])
        yield f"{name:<{width}}  {strips[name]:<{longest}}  {words}".rstrip()
    false = "  k known to be false" if test else ""
    yield f". passed  ~ passed on a retry  F failed  - incomplete{false}"


def history_document(runs: Mapping[str, Sequence[HistoryLine]], test: str = "") -> Json:
    """The runs as a JSON document: service → trend, times that have grown, and runs."""
    return {
        name: {
            "trend": (classify_test(lines, test) if test else classify(lines)).trend,
            "growth": [asdict(growth) for growth in growths(lines)],
            "runs": [line.to_dict() for line in lines],
        }
        for name, lines in sorted(runs.items())
    }


def course_words(course: Trend) -> str:
    """The trend of the runs as one sentence."""
    if not course.is_up:
        times = f"{course.runs} runs in a row" if course.runs > 1 else "the last run"
        verb = "stay up" if course.has_fallen else "come up"
        return f"not up: it did not {verb} in {times}"
    if course.disturbed:
        return f"failing: {course.disturbed} in its last run, which may be why"
    changed = ", ".join(map(part, course.changed)) or "it"
    always = course.failures == course.runs
    row_of_passes = (
        "it passes, and did so before" if course.earlier else "it passed in its only run"
    )
    if not course.is_credited:
        row_of_passes = "its tests pass, and earned it no pass in the last run"
    row = "it fails every time" if always else f"its last {STAYS} runs failed"
    return {
        "flake": "flake: the same fingerprint both passed and failed",
        "regression": f"regression: it fails since {changed} changed",
        "failing": f"steady failure: {row}",
        "recovered": f"recovered: it passes since {changed} changed",
        "steady": f"steady: {row_of_passes}",
        "unknown": "no conclusive run yet",
    }[course.trend]


# Private


def _strip(lines: Sequence[HistoryLine], test: str) -> str:
    return "".join(_letter(line, test) for line in lines[-SHOWN:])


def _letter(line: HistoryLine, test: str) -> str:
    if test:
        return line.tests.get(test, " ")
    return "~" if line.flaky and line.verdict == "passed" else LETTERS[line.verdict]
