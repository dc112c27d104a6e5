"""Notes why a file of tests could not be collected, and lists the services that it concerns."""

import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from os import walk
from pathlib import Path

import pytest

from stacktest.adapters.broken_suite import read_services
from stacktest.adapters.suite_code import CodeGraph, is_foreign
from stacktest.adapters.suites import Suites
from stacktest.core.broken_files import BrokenFile

ERROR = "stacktest_error"


def note_error(report: pytest.CollectReport, error: BaseException) -> None:
    """Remember on the report the place of the error, and its kind."""
    while type(error).__module__.startswith("_pytest") and error.__cause__ is not None:
        error = error.__cause__
    vars(report)[ERROR] = (*_place(error), _kind(error))


def broken_files(
    config: pytest.Config,
    suites: Suites,
    reports: Iterable[pytest.CollectReport],
    *,
    is_hooked: bool,
) -> Iterator[BrokenFile]:
    """The test files of these failures; of a folder, every file below it.

    `is_hooked`: hooks add markers, so that no file's text shows all services of its tests.
    """
    graph, patterns = CodeGraph(suites), config.getini("python_files")
    for report in reports:
        path = config.rootpath / report.nodeid.partition("::")[0]
        file, line, why = getattr(report, ERROR, ("", 0, "it failed"))
        for test_file in sorted(files_below(path, patterns)) if path.is_dir() else [path]:
            services, is_read = read_services(test_file, sorted(graph.code(test_file)))
            yield BrokenFile(
                path=suites.relative(test_file),
                where=_where(suites, Path(file or path), line),
                why=why,
                services=tuple(sorted(services)),
                is_read=is_read and not is_hooked,
            )


def files_below(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Every file below the folder in which pytest looks for tests."""
    for where, folders, names in walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                yield Path(where, name)


# Private

_MISSING = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def _where(suites: Suites, path: Path, line: int) -> str:
    return f"{suites.relative(path)}:{line}" if line else suites.relative(path)


def _place(error: BaseException) -> tuple[str, int]:
    """File and line of the innermost code of the project; empty if there is none."""
    if isinstance(error, SyntaxError) and error.filename and not is_foreign(error.filename):
        return error.filename, error.lineno or 0
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith("<") and not is_foreign(frame.filename):
            return frame.filename, frame.lineno or 0
    return "", 0


def _kind(error: BaseException) -> str:
    """The type of the error, and what is missing: its own message may hold any text."""
    kind, name = type(error).__name__, getattr(error, "name", None)
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{kind}: {error.msg}"
    if isinstance(error, ModuleNotFoundError) and name:
        return f"{kind}: no module {name!r}"
    if isinstance(error, ImportError) and (missing := _MISSING.match(str(error))):
        return f"{kind}: no {missing[1]!r} in {missing[2]!r}"
    if isinstance(error, NameError) and name:
        return f"{kind}: {name!r} is not defined"
    return kind
