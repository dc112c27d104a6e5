"""Reads the required tests of every service from its record and files as text, without imports.

A pull request of a stranger may hold any code. The record of a pass lists its tests, and their
files are read as text: if the digest over both equals the recorded one, the tests are those that
passed. All other cases are not known, and close the gate: a file that the record does not list and
that may hold a test, another configuration, code that can only be found by running.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from stacktest.adapters.git.tracked_files import tracked_files
from stacktest.adapters.service_markers import may_name_services, named_services
from stacktest.adapters.suite_code import CodeGraph, SuiteCode
from stacktest.adapters.suites import Suites
from stacktest.core.collected_test import Collected
from stacktest.core.freshness.inputs import NOT_RUN, Evidence, Tests
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.runs.requirements import tests_of
from stacktest.core.unknown import Unknown

History = Callable[[str], Iterable[HistoryLine]]
"""Service → the lines of its runs."""
NEVER = Tests(digest="", required=1)
"""The tests of a service without a pass: whatever they are, it is not functional."""


def recorded_tests(
    suites: Suites, evidence: Mapping[str, Evidence], history: History, differing: Iterable[str]
) -> dict[str, Tests | Unknown]:
    """Service → the tests of its last pass if they are still the same, else Unknown.

    `differing` are files that configure the collection and differ from the records' commit.
    """
    if changed := sorted(differing):
        why = Unknown(f"{NOT_RUN}: {', '.join(changed)} was changed")
        return dict.fromkeys(evidence, why)
    reader = _Reader(suites)
    recorded = {name: _nodeids(item, history) for name, item in evidence.items()}
    files = {name: reader.files_of(nodeids) for name, nodeids in recorded.items()}
    everywhere = frozenset[str]().union(*files.values())
    written = {path: reader.services(path) for path in reader.python_files()}
    return {
        name: _tests(
            item,
            recorded[name],
            reader,
            sorted(
                path
                for path, services in written.items()
                if (services is None and path not in everywhere)
                or (services is not None and name in services and path not in files[name])
            ),
        )
        for name, item in evidence.items()
    }


# Private


def _nodeids(evidence: Evidence, history: History) -> frozenset[str] | Unknown:
    """The tests of the last pass, from the history line of the same run."""
    last_pass = evidence.last_pass
    if not isinstance(last_pass, LastPass):
        return frozenset()
    lines = (line for line in history(evidence.service) if line.run == last_pass.run.id)
    line = next(lines, None)
    if line is None or len(line.tests) != last_pass.tests.required:
        return Unknown(f"{NOT_RUN}: the history does not name them")
    return frozenset(line.tests)


def _tests(
    evidence: Evidence, recorded: frozenset[str] | Unknown, reader: "_Reader", new: list[str]
) -> Tests | Unknown:
    """The tests of one service; `new` are files that may hold tests and that its record lacks."""
    last_pass = evidence.last_pass
    if not isinstance(last_pass, LastPass):
        return NEVER
    if isinstance(recorded, Unknown):
        return recorded
    if new:
        return Unknown(f"{NOT_RUN}: {', '.join(new)} may hold tests")
    tests = reader.tests(evidence.service, recorded)
    if last_pass.tests.digest != tests.digest:
        return Unknown(f"{NOT_RUN}: their code is not the recorded one")
    return tests


class _Reader:
    """Reads suites as text, in a process that has imported none of them."""

    def __init__(self, suites: Suites) -> None:
        self._suites = suites
        self._graph = CodeGraph(suites, modules={}, search=())
        self._code = SuiteCode(suites.base)
        self._files: dict[str, tuple[str, ...]] = {}

    def files_of(self, nodeids: frozenset[str] | Unknown) -> frozenset[str]:
        """Every file of the code of these tests."""
        ids = () if isinstance(nodeids, Unknown) else nodeids
        return frozenset(file for nodeid in ids for file in self._files_at(_path(nodeid)))

    def tests(self, service: str, nodeids: frozenset[str]) -> Tests:
        """These tests with their code as it is now."""
        collected = [
            _collected(nodeid, service, self._files_at(_path(nodeid))) for nodeid in sorted(nodeids)
        ]
        return tests_of(collected, lambda test: self._code.digest(test.files))[service]

    def python_files(self) -> Iterator[str]:
        """Every Python file in which pytest may find tests, relative to the suites' base."""
        base = self._suites.base
        folders = self._suites.folders or self._suites.likely
        tracked = frozenset[str]() if self._suites.folders else tracked_files(base)
        paths = {path for folder in folders for path in folder.rglob("*.py")}
        if isinstance(tracked, Unknown):
            paths |= set(base.rglob("*.py"))
        else:
            paths |= {base / name for name in tracked if name.endswith(".py")}
        yield from sorted({self._suites.relative(path) for path in paths})

    def services(self, path: str) -> frozenset[str] | None:
        """The services that a file's markers name; None: only running the file would show them."""
        file = Path(self._suites.base, path)
        names = named_services(file)
        return None if not names and may_name_services(file) else names

    def _files_at(self, path: str) -> tuple[str, ...]:
        if path not in self._files:
            self._files[path] = self._graph.files(self._suites.base / path)
        return self._files[path]


def _path(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _collected(nodeid: str, service: str, files: tuple[str, ...]) -> Collected:
    return Collected(
        nodeid=nodeid,
        reported=nodeid,
        services=(service,),
        phase="",
        routed=False,
        path=_path(nodeid),
        source=_path(nodeid),
        line=0,
        checks=0,
        files=files,
        saved=None,
    )
