"""Finds weak tests and holes in the suites before anything runs.

    untested   a service with neither a test nor an exemption that covers `no_tests`
    collect    a file or folder of the suites that cannot be collected, or that skips itself
    unread     a file of the front door that cannot be read
    unnamed    a server of nginx whose file `routes` does not name: its host names are not known
    unknown    a test names a service that the stack does not have
    assert     a test of a service has no place where it can fail by a check of its own
    contact    a test of a service uses no fixture that could reach it
    statuses   a test accepts several status codes, or any below a number
    swallow    a test catches its own failure

Nothing is started: tests are collected, their code is read.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.always_true import is_always_true, objects_in
from stacktest.adapters.routes import unnamed_servers
from stacktest.adapters.service_markers import marker_place
from stacktest.adapters.suite_code import read_tree
from stacktest.adapters.suites import Suites
from stacktest.application.required_tests import BackgroundInventory
from stacktest.config import Config
from stacktest.core.collected_test import REACHING_FIXTURES, Collected, Collection
from stacktest.core.misnamed import misnamed_services
from stacktest.core.model import Stack

BROAD = frozenset({"Exception", "BaseException", "AssertionError"})


class Weakness(Struct, frozen=True, kw_only=True):
    """One weakness of a test: its kind, its place, and the fix."""

    kind: str
    where: str
    what: str
    fix: str

    def lines(self) -> Iterator[str]:
        """`assert    suites/x.py::test_y: …` and the fix below."""
        yield f"{self.kind:<9} {self.where}: {self.what}"
        yield f"{'':<9} fix: {self.fix}"


def examine(stack: Stack, config: Config, suites: Suites) -> tuple[Weakness, ...]:
    """Every weakness of the suites of a stack, sorted by kind."""
    collection = BackgroundInventory(suites, stack=str(stack.root)).read()
    weaknesses = [*_unread(stack, config, suites, collection)]
    weaknesses += _unknown_names(stack, config, collection.tests, suites.base)
    weaknesses += _untested(stack, config, collection)
    weaknesses += _tests(collection.tests, suites.base)
    return tuple(sorted(weaknesses, key=lambda item: (item.kind, item.where, item.what)))


def weak_spots(function: ast.AST) -> Iterator[tuple[str, int, str]]:
    """Kind, line and description of each weakness in the code of one test."""
    objects = objects_in([function])
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and _names_status(node.left):
            yield from _loose_status(node)
        elif isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises(node):
            yield "swallow", node.lineno, "catches its own failure"
        elif isinstance(node, ast.Assert) and _asserts_nothing(node.test, objects):
            yield "assert", node.lineno, "asserts what is always true"


# Private

_NO_FOLDER = (
    "the folder that [stack] suites names does not exist",
    "name the folders that hold the tests of the stack",
)
_NOT_READ = (
    "which host names lead where is not known",
    "correct the file, or use [stack.hosts] instead: what its routes say cannot be judged",
)
_NOT_NAMED = (
    "nginx reads this server, and `routes` does not name its file",
    "name it in `routes` under [stack], or all of them: FOLDER/*.conf",
)


def _unread(
    stack: Stack, config: Config, suites: Suites, collection: Collection
) -> Iterator[Weakness]:
    """Files whose tests or routes are not known."""
    for file in collection.hidden:
        what = f"was not collected ({file.why}), and it names services"
        fix = "make what it needs present: what is not collected proves nothing"
        yield Weakness(kind="collect", where=file.path, what=what, fix=fix)
    for error in collection.errors:
        what, fix = error.cause.removeprefix(f"{error.where} "), "pytest --collect-only -q"
        yield Weakness(kind="collect", where=error.where or "suites", what=what, fix=fix)
    absent = [str(folder) for folder in suites.folders if not folder.is_dir()]
    for kind, places, (what, fix) in (
        ("collect", absent, _NO_FOLDER),
        ("unread", stack.unread_routes, _NOT_READ),
        ("unnamed", unnamed_servers(config.stack.routes, stack), _NOT_NAMED),
    ):
        yield from (Weakness(kind=kind, where=place, what=what, fix=fix) for place in places)


def _untested(stack: Stack, config: Config, collection: Collection) -> Iterator[Weakness]:
    named = {name for test in collection.tests for name in test.services}
    errors = collection.errors
    named |= {name for name in stack.services if any(file.concerns(name) for file in errors)}
    exempt = {item.service for item in config.exempt if "no_tests" in item.states}
    # A service of a profile that is not enabled needs no test until the profile is enabled.
    for name in sorted(set(stack.default_services()) - named - exempt):
        yield Weakness(
            kind="untested",
            where=name,
            what="neither a test nor an exemption",
            fix=f'pytestmark = pytest.mark.service("{name}") in a suite, or an [[exempt]] entry',
        )


def _unknown_names(
    stack: Stack, config: Config, tests: Sequence[Collected], base: Path
) -> Iterator[Weakness]:
    of_tests = misnamed_services(stack, tests, tuple, partial(marker_place, base))
    for item in (*config.misnamed, *of_tests):
        what = f"{item.name!r} is not {item.kind} of this stack"
        yield Weakness(kind="unknown", where=", ".join(item.places), what=what, fix=item.hint)


def _tests(tests: Iterable[Collected], base: Path) -> Iterator[Weakness]:
    checked: set[str] = set()
    for test in tests:
        nodeid = test.nodeid.partition("[")[0]
        if nodeid in checked or not test.services:
            continue
        checked.add(nodeid)
        if not test.checks:
            yield Weakness(
                kind="assert",
                where=nodeid,
                what="has no check of its own, so it can only fail by accident",
                fix="assert one exact value",
            )
        if not (
            set(test.services) <= set(test.no_contact) or REACHING_FIXTURES & set(test.fixtures)
        ):
            yield Weakness(
                kind="contact",
                where=nodeid,
                what="uses no fixture that reaches a service",
                fix='use api, inside or page, or say why not: service("x", no_contact="…")',
            )
        yield from _spots(nodeid, base / test.source)


def _spots(nodeid: str, path: Path) -> Iterator[Weakness]:
    name = nodeid.rpartition("::")[2]
    fixes = {
        "statuses": "accept exactly one status",
        "swallow": "let it fail, or use pytest.raises",
        "assert": "assert what the service answered",
    }
    for node in ast.walk(read_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            for kind, line, what in weak_spots(node):
                yield Weakness(kind=kind, where=f"{nodeid}:{line}", what=what, fix=fixes[kind])


def _asserts_nothing(test: ast.expr, objects: frozenset[str]) -> bool:
    """Whether an assertion cannot fail; a loose comparison of a status is reported by itself."""
    is_about_status = isinstance(test, ast.Compare) and _names_status(test.left)
    return not is_about_status and is_always_true(test, objects)


def _names_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("status_code", "status")
    return isinstance(node, ast.Name) and "status" in node.id


def _loose_status(node: ast.Compare) -> Iterator[tuple[str, int, str]]:
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.In) and isinstance(right, ast.List | ast.Tuple | ast.Set):
            if len(right.elts) > 1:
                yield "statuses", node.lineno, "accepts several status codes"
        elif isinstance(operator, ast.Lt | ast.LtE | ast.NotEq) and _number(right) is not None:
            yield "statuses", node.lineno, "accepts a range of status codes"


def _number(node: ast.AST) -> int | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in kinds)


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))
