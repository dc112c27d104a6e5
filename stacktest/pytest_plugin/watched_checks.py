"""Finds the lines that must run for a test to have checked anything, if its text is not enough.

A check in a loop, under a condition or after a `return` may not be reached, in a helper as well
as in the test itself; `all(…)` checks nothing if its iterable is empty.
"""

import math
import types
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import Struct, field

from stacktest.adapters.code_reference import Reference
from stacktest.adapters.function_sites import Sites
from stacktest.adapters.handed_out import handed_out
from stacktest.pytest_plugin.bdd_steps import steps_of
from stacktest.pytest_plugin.checks import Counter, Helper, around, fixtures_of
from stacktest.pytest_plugin.written_functions import is_generated, written_functions

UNREACHED_FIXTURES: pytest.StashKey[dict[object, "LooseChecks"]] = pytest.StashKey()
"""Per test: fixture that was set up without reaching any of its checks → these checks."""


class WatchedReturns(NamedTuple):
    """The lines where a test may return before anything has been checked."""

    code: types.CodeType
    lines: frozenset[int]
    late: frozenset[int]
    """Lines that run after a `return` in their block."""


def early_returns(item: pytest.Function) -> WatchedReturns | None:
    """The lines where the test may return before its first check; None: there are none."""
    own = _own_function(item)
    if own is None or not own.sites.early_returns:
        return None
    unreached = item.stash.get(UNREACHED_FIXTURES, {})
    first = _first_check(around(item, unreached), own)
    lines = frozenset(line for line in own.sites.early_returns if line < first)
    return WatchedReturns(own.function.__code__, lines, own.sites.left_late) if lines else None


def own_code(item: pytest.Function) -> types.CodeType | None:
    """The code of the test's function; None: it is not the project's."""
    own = _own_function(item)
    return own.function.__code__ if own else None


class LooseChecks(Struct):
    """The lines and functions of which at least one has to run for a test to check anything."""

    code: types.CodeType
    """The test's own code."""
    codes: set[types.CodeType] = field(default_factory=set)
    """Functions of the project whose lines count, and the functions defined in them."""
    lines: set[tuple[str, int]] = field(default_factory=set)
    """File and line of each check that may not be reached."""
    of_all: set[tuple[str, int]] = field(default_factory=set)
    """File and line of each check such as `all(…)`, which needs an iterable that is not empty."""
    helpers: set[types.CodeType] = field(default_factory=set)
    """Functions that check and that run later than where they are named."""

    def add(self, code: types.CodeType, loose: Iterable[range], of_all: Iterable[range]) -> None:
        """Add the checks of one function."""
        self.codes.add(code)
        file = code.co_filename
        self.lines |= {(file, line) for lines in loose for line in lines}
        self.of_all |= {(file, line) for lines in of_all for line in lines}

    def include(self, others: Iterable["LooseChecks"]) -> None:
        """Add all checks of `others`: any of them is enough."""
        for other in others:
            self.codes |= other.codes
            self.lines |= other.lines
            self.of_all |= other.of_all
            self.helpers |= other.helpers


def loose_checks(item: pytest.Function) -> LooseChecks | None:
    """The checks of a test that may not be reached; None if a check is certain to be reached.

    They stand in loops, under conditions, in inner functions, or in functions that the test calls
    or passes on.
    """
    own = _own_function(item)
    givers = list(_givers(item))
    steps = [written for step in steps_of(item) for written in _written(item, step)]
    unreached = item.stash.get(UNREACHED_FIXTURES, {})
    without = [*(written.function for written in (*givers, *steps)), *unreached]
    called = [(step, step.all_loose) for step in steps]
    # If one example of Hypothesis returned early, others may not have.
    called += (
        [(own, own.all_loose if is_generated(item.function) else own.sites.loose)] if own else []
    )
    if not called or any(written.sites.is_followed_up for written, _ in called):
        return None
    if around(item, without).total():
        return None
    code = list(written_functions(item.function))[-1].__code__
    checks = LooseChecks(code, {code})
    for giver in givers:
        checks.add(giver.function.__code__, giver.sites.loose, [])
    checks.include(unreached.values())
    search = _Search(item, checks, without)
    if not all(search.is_loose(written, loose) for written, loose in called):
        return None
    return checks if checks.lines or checks.of_all or checks.helpers else None


def loose_fixtures(item: pytest.Function) -> dict[object, LooseChecks]:
    """The fixtures of a test that check, but may not reach any of their checks."""
    known = item.config.stash.setdefault(_LOOSE_FIXTURES, {})
    fixtures = fixtures_of(item).values()
    loose: dict[object, LooseChecks] = {}
    for fixture in fixtures:
        key = (fixture, item.cls)
        if key not in known:
            known[key] = _loose_fixture(item, fixture, [*fixtures, *steps_of(item)])
        if checks := known[key]:
            loose[fixture] = checks
    return loose


# Private

_LOOSE_FIXTURES: pytest.StashKey[dict[object, LooseChecks | None]] = pytest.StashKey()


@dataclass(frozen=True, slots=True)
class _Written:
    """One function of the project, and the checks that its text holds."""

    function: types.FunctionType
    owner: type | None
    sites: Sites

    @property
    def all_loose(self) -> list[range]:
        """Its checks that may not be reached, including those after a `return`."""
        return [*self.sites.loose, *self.sites.after_return]


class _Search:
    """Searches for a check that is certain to be reached, and notes all others."""

    def __init__(
        self, item: pytest.Function, checks: LooseChecks, without: Collection[object]
    ) -> None:
        self._item = item
        self._without = without
        """Fixtures, and steps of a scenario, whose checks run while the test runs."""
        self._checks = checks
        self._are_loose: dict[types.CodeType, bool] = {}
        """Function → the result of the search; a recursive call is taken as loose."""

    def is_loose(self, written: _Written, loose: Iterable[range]) -> bool:
        """Whether none of the function's checks is certain to run; `loose` are its own checks."""
        code, sites, loose = written.function.__code__, written.sites, list(loose)
        if code not in self._are_loose:
            self._are_loose[code] = True
            if sites.checks > len(loose) + len(sites.of_all):
                self._are_loose[code] = False
            else:
                self._checks.add(code, loose, sites.of_all)
                references = sites.references
                self._are_loose[code] = all(self._may_check_nothing(written, r) for r in references)
        return self._are_loose[code]

    # Private

    def _may_check_nothing(self, written: _Written, reference: Reference) -> bool:
        """Whether the referenced function checks nothing, or its checks may not be reached."""
        function, owner = written.function, written.owner
        counter = around(self._item, self._without)
        if not counter.checks_by(reference, function, owner):
            return True
        helpers = counter.helpers(reference, function, owner)
        if counter.is_failure:
            return False
        if helpers and all(helper.is_later for helper in helpers):
            self._checks.helpers |= {helper.function.__code__ for helper in helpers}
        elif not (helpers and all(self._is_loose_helper(counter, h) for h in helpers)):
            return self._add_call(function.__code__, reference)
        return True

    def _add_call(self, code: types.CodeType, reference: Reference) -> bool:
        """Note the lines of a call that checks, if it may not be reached; False: it surely is."""
        lines = [reference.lines or range(reference.line, reference.line + 1)]
        if reference.is_of_all:
            self._checks.add(code, [], lines)
        elif reference.lines:
            self._checks.add(code, lines, [])
        return reference.is_of_all or bool(reference.lines)

    def _is_loose_helper(self, counter: Counter, helper: Helper) -> bool:
        sites = counter.sites(helper.function, helper.owner)
        if sites is None:
            return False
        written = _Written(helper.function, helper.owner, sites)
        return self.is_loose(written, written.all_loose)


def _own_function(item: pytest.Function) -> _Written | None:
    """The test's function below its decorators, and the checks that its text holds."""
    return next(_written(item, item.function), None)


def _written(item: pytest.Function, target: object) -> Iterator[_Written]:
    """The innermost function of a test or a step, if it belongs to the project."""
    for function in list(written_functions(target))[-1:]:
        if sites := around(item).sites(function, item.cls):
            yield _Written(function, item.cls, sites)


def _givers(item: pytest.Function) -> Iterator[_Written]:
    """Fixtures that hand functions with checks to the test alone, and to no other fixture."""
    definitions = item._fixtureinfo.name2fixturedefs.values()  # noqa: SLF001
    asked = {name for known in definitions for name in known[-1].argnames}
    for name, fixture in fixtures_of(item).items():
        giver = None if name in asked else _giver(fixture, item.cls)
        if giver:
            yield giver


def _giver(fixture: object, owner: type | None) -> _Written | None:
    """The fixture if its only checks are in functions that it hands out: they run in the test."""
    if not isinstance(fixture, types.FunctionType):
        return None
    sites, code = Counter({}).sites(fixture, owner), fixture.__code__
    if not sites or not sites.checks or sites.checks > len(sites.loose) or sites.is_followed_up:
        return None
    counter = Counter({})
    if any(counter.checks_by(reference, fixture, owner) for reference in sites.references):
        return None
    handed = handed_out(Path(code.co_filename), code.co_firstlineno)
    is_giver = all(any(lines.start in function for function in handed) for lines in sites.loose)
    return _Written(fixture, owner, sites) if is_giver else None


def _first_check(counter: Counter, own: _Written) -> float:
    """The line of the first call that checks; 0 if a fixture or step already checks."""
    if counter.total():
        return 0
    for reference in own.sites.references:
        if counter.checks_by(reference, own.function, own.owner):
            return reference.line
    return math.inf


def _loose_fixture(
    item: pytest.Function, fixture: object, without: Collection[object]
) -> LooseChecks | None:
    """The checks of one fixture; None: it has none, or surely reaches one."""
    written = next(_written(item, fixture), None)
    if not written or written.sites.is_followed_up or _giver(fixture, item.cls):
        return None
    code = written.function.__code__
    checks = LooseChecks(code, {code})
    is_loose = _Search(item, checks, without).is_loose(written, written.all_loose)
    return checks if is_loose and (checks.lines or checks.of_all or checks.helpers) else None
