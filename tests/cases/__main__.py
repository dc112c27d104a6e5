"""Runs the tests that hold a case and counts, by group, which cases hold: `python -m tests.cases`.

A test names its cases by a marker, `@pytest.mark.case("T1", "field/b11")`, and stands anywhere below
`tests`. A case holds when at least one test names it and all tests that name it pass. Ids with a
slash are cases from the field; the others are the rows of `rows.toml`. Further arguments go to
pytest: `-m "case and not real_docker"` leaves out what needs a container engine.
"""

import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@dataclass(eq=False)
class Tally:
    """Collects the outcomes of each case; a pytest plugin."""

    results: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome; `tests/conftest.py` puts the cases on each report, workers' ones too."""
        if report.when == "call" or not report.passed:
            for name, case in report.user_properties:
                if name == "case":
                    self.results[str(case)].append(report.outcome)

    def field_cases(self) -> list[str]:
        """Every case from the field that a test of this run names."""
        return sorted(case for case in self.results if "/" in case)


def main() -> int:
    """0 when every case that can be tested holds."""
    table = tomllib.loads((HERE / "rows.toml").read_text(encoding="utf-8"))
    tally = Tally()
    arguments = ["-q", "--no-header", "-p", "no:cacheprovider", "-m", "case", *sys.argv[1:]]
    pytest.main([*arguments, str(HERE.parent)], plugins=[tally])
    held, counted = 0, 0
    for group, spec in table["groups"].items():
        rows = [f"{group}{number}" for number in range(1, spec["rows"] + 1)]
        testable = [row for row in rows if row not in table["untestable"]]
        missing = [row for row in testable if not holds(tally.results.get(row, []))]
        held += len(testable) - len(missing)
        counted += len(testable)
        print(count(group, testable, missing, spec["about"]))
        for line in lines(rows, missing, table["untestable"], tally.results):
            print(line)
    print(f"{held} of {counted} cases hold")
    cases = tally.field_cases()
    missing = [case for case in cases if not holds(tally.results.get(case, []))]
    print(count("field", cases, missing, "faults that were seen in the field"))
    for line in lines(cases, missing, {}, tally.results):
        print(line)
    return 0 if held == counted and not missing else 1


def count(group: str, cases: list[str], missing: list[str], about: str) -> str:
    """One line: how many cases of the group hold."""
    return f"{group}  {len(cases) - len(missing):>3} of {len(cases):>3}  {about}"


def holds(outcomes: list[str]) -> bool:
    """Whether a case was tested, and everything that tested it passed."""
    return bool(outcomes) and set(outcomes) == {"passed"}


def lines(
    cases: list[str],
    missing: list[str],
    untestable: Mapping[str, str],
    results: Mapping[str, list[str]],
) -> Iterator[str]:
    """Why cases do not hold, or are not counted."""
    for case in cases:
        if case in untestable:
            yield f"     {case}: not counted: {untestable[case]}"
        elif case in missing:
            outcomes = ", ".join(sorted(set(results.get(case, [])))) or "no test names it"
            yield f"     {case}: does not hold: {outcomes}"


if __name__ == "__main__":
    sys.exit(main())
