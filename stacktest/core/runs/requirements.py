"""The required tests of every service: node ids, number, and a digest of their code."""

from collections.abc import Callable, Iterable, Mapping

from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.digest import DIGEST_LENGTH, content_digest
from stacktest.core.freshness.inputs import Tests
from stacktest.core.runs.verdict import Inventory, Required

CodeDigest = Callable[[Collected], str]
"""A test → the digest of all code that the tests of its file consist of."""


def tests_of(whole: Iterable[Collected], code_digest: CodeDigest) -> dict[str, Tests]:
    """Service → its required tests: their number, and a digest over node ids and code."""
    by_service: dict[str, list[Collected]] = {}
    for test in whole:
        for service in test.services:
            by_service.setdefault(service, []).append(test)
    return {service: _tests(tests, code_digest) for service, tests in by_service.items()}


def inventory_of(whole: Iterable[Collected], unknown: tuple[str, ...]) -> Inventory:
    """The required tests; `unknown` says why there may be more of them."""
    required = tuple(
        Required(
            nodeid=test.nodeid,
            services=test.services,
            no_contact=frozenset(test.no_contact),
        )
        for test in whole
        if test.services
    )
    return Inventory(required=required, complete=not unknown, why=unknown)


def edited_files(
    tests: Iterable[Collected], collected: Mapping[str, str], code_digest: CodeDigest
) -> dict[str, tuple[str, ...]]:
    """Service → its test files whose code changed since they were `collected`."""
    tests = tuple(tests)
    by_path = {test.path: test for test in tests if test.path in collected}
    changed = {path for path, test in by_path.items() if code_digest(test) != collected[path]}
    edited: dict[str, set[str]] = {}
    for test in tests:
        for service in test.services if test.path in changed else ():
            edited.setdefault(service, set()).add(test.path)
    return {service: tuple(sorted(paths)) for service, paths in edited.items()}


# Private


def _tests(tests: list[Collected], code_digest: CodeDigest) -> Tests:
    nodeids = frozenset(test.nodeid for test in tests)
    files = sorted({test.path: test for test in tests}.items())
    code = [f"{path} {code_digest(test)}" for path, test in files]
    return Tests(
        digest=_digest([*sorted(test.nodeid for test in tests), *code]),
        required=len(nodeids),
        nodeids=nodeids,
        carried=_digest([*sorted(test.full or test.nodeid for test in tests), *code]),
    )


def _digest(lines: Iterable[str]) -> str:
    return content_digest("".join(f"{line}\n" for line in lines))[:DIGEST_LENGTH]
