"""Files of the suites that pytest cannot collect: whose required tests they make unknown.

| the file's text           | earlier records  | concerns                                       |
|---------------------------|------------------|------------------------------------------------|
| names all its services    | any              | these, and the services with records of it     |
| does not, or names none   | name the file    | what it may name, and these services           |
| does not, or names none   | lack the file    | every service: it may hold tests of any        |

All other services keep their verdict: none of their tests is in the file.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.inputs import Tests
from stacktest.core.runs.verdict import HiddenFile
from stacktest.core.unknown import Unknown

NONE_COLLECTED = "the tests could not be collected"
"""The beginning of an error that is about all tests."""


class BrokenFile(Struct, frozen=True, kw_only=True):
    """A file of the suites that cannot be collected, with its error."""

    why: str
    """The kind of error: `ModuleNotFoundError: No module named 'x'`."""
    path: str = ""
    """Relative to the suites' base; empty: none of the suites can be collected."""
    where: str = ""
    """`file:line` of the error, which may be in another file that it imports."""
    services: tuple[str, ...] = ()
    is_read: bool = False
    """Whether `services` are all services that its tests can name."""

    def concerns(self, service: str) -> bool:
        """Whether it may hold a test of the service."""
        return not self.is_read or service in self.services

    @property
    def cause(self) -> str:
        """The error with its place, in one sentence."""
        if not self.path:
            return self.why
        about = "" if self._is_in_place else f" for {self.path}"
        doubt = "" if self.is_read else ", and which services it names is not known"
        return f"{self.where} cannot be collected{about}: {self.why}{doubt}"

    def hidden(self) -> HiddenFile:
        """The file as a reason against a pass."""
        services = self.services if self.is_read else ()
        return HiddenFile(path=self.where, services=services, why=self.why)

    @property
    def _is_in_place(self) -> bool:
        return self.where.rpartition(":")[0] == self.path or self.where == self.path


def attributed(
    files: Iterable[BrokenFile], services: Collection[str], recorded: Mapping[str, Collection[str]]
) -> tuple[BrokenFile, ...]:
    """The files that concern `services`, each with exactly those, or with all if that is unknown.

    `recorded` is service → the files with tests in its newest records.
    """
    known = (_attributed(file, services, recorded) for file in files)
    return tuple(file for file in known if file.services or not file.is_read)


def required_tests(
    tests: Mapping[str, Tests], broken: Iterable[BrokenFile], services: Iterable[str]
) -> dict[str, Tests | Unknown]:
    """Service → its required tests; Unknown if a file that cannot be collected may hold some."""
    broken = tuple(broken)
    required: dict[str, Tests | Unknown] = dict(tests)
    for name in services:
        # One error may break many files, as that of a `conftest.py`: the first of them is enough.
        files = {(file.where, file.why): file for file in reversed(broken) if file.concerns(name)}
        if files:
            required[name] = Unknown("; ".join(file.cause for file in reversed(files.values())))
    return required


# Private


def _attributed(
    file: BrokenFile, services: Collection[str], recorded: Mapping[str, Collection[str]]
) -> BrokenFile:
    remembered = {name for name, paths in recorded.items() if file.path and file.path in paths}
    if not (file.is_read and file.services) and not remembered:
        return replace(file, services=(), is_read=False)
    names = remembered.union(file.services).intersection(services)
    return replace(file, services=tuple(sorted(names)), is_read=True)
