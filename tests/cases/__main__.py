"""Runs the case table and says which of its rows hold, by group: `python -m tests.cases`.

A row holds when at least one test names it by its id and all tests that name it pass.
"""

import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@dataclass
class Tally:
    """Collects what became of each row; a pytest plugin."""

    results: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    row_of: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            spec = getattr(item, "callspec", None)
            if spec is not None:
                self.row_of[item.nodeid] = spec.id.partition("-")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = self.row_of.get(report.nodeid)
        if row is not None and (report.when == "call" or not report.passed):
            self.results[row].append(report.outcome)


def main() -> int:
    """0 when every row that can be tested holds."""
    table = tomllib.loads((HERE / "rows.toml").read_text(encoding="utf-8"))
    tally = Tally()
    arguments = ["-q", "--no-header", "-p", "no:cacheprovider", *sys.argv[1:], str(HERE)]
    pytest.main(arguments, plugins=[tally])
    held, counted = 0, 0
    for group, spec in table["groups"].items():
        rows = [f"{group}{number}" for number in range(1, spec["rows"] + 1)]
        testable = [one for one in rows if one not in table["untestable"]]
        missing = [one for one in testable if not holds(tally.results.get(one, []))]
        held += len(testable) - len(missing)
        counted += len(testable)
        print(f"{group}  {len(testable) - len(missing):>3} of {len(testable):>3}  {spec['about']}")
        for line in lines(rows, missing, table["untestable"], tally.results):
            print(line)
    print(f"{held} of {counted} cases hold")
    return 0 if held == counted else 1


def holds(outcomes: list[str]) -> bool:
    """Whether a row was tested, and everything that tested it passed."""
    return bool(outcomes) and set(outcomes) == {"passed"}


def lines(
    rows: list[str],
    missing: list[str],
    untestable: Mapping[str, str],
    results: Mapping[str, list[str]],
) -> Iterator[str]:
    """What is to be said about rows that do not hold, or are not counted."""
    for row in rows:
        if row in untestable:
            yield f"     {row}: not counted: {untestable[row]}"
        elif row in missing:
            said = ", ".join(sorted(set(results.get(row, [])))) or "no test names it"
            yield f"     {row}: does not hold: {said}"


if __name__ == "__main__":
    sys.exit(main())
