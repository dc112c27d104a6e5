"""Reads the collected tests that ask for the stack into plain data (`Collected`)."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from stacktest.adapters.suite_code import CodeGraph, saved_at
from stacktest.adapters.suites import Suites
from stacktest.core.collected_test import ROUTED_FIXTURES, Collected
from stacktest.core.runs.bare_text import bare_name, bare_test
from stacktest.pytest_plugin.bdd_steps import feature_of
from stacktest.pytest_plugin.checks import count_checks
from stacktest.pytest_plugin.claims import claims_of
from stacktest.pytest_plugin.markers import SAVED, asks_for_stack, phase_of, services_of
from stacktest.pytest_plugin.suites import suites_of
from stacktest.pytest_plugin.written_functions import written_functions

SEARCHED: pytest.StashKey[frozenset[Path]] = pytest.StashKey()
"""Per process: folders that were searched for the modules of the tests' code."""


def read(items: Iterable[pytest.Item], config: pytest.Config) -> tuple[Collected, ...]:
    """The tests among `items` that ask for the stack, in order."""
    asking = [item for item in items if asks_for_stack(item)]
    unread = [item for item in asking if _COLLECTED not in item.stash]
    if unread:
        reader = _Reader(suites_of(config))
        for item in unread:
            reader.note(item)
        for item in unread:
            item.stash[_COLLECTED] = reader.collected(item)
        config.stash[SEARCHED] = config.stash.get(SEARCHED, frozenset()) | reader.searched
    return tuple(item.stash[_COLLECTED] for item in asking)


# Private

_COLLECTED: pytest.StashKey[Collected] = pytest.StashKey()
_HOST = re.compile(
    r"(?:https?://)?((?:[\w-]{1,63}\.){1,9}[\w-]{1,63})(?::\d{1,5})?(?:/.*)?\Z", re.DOTALL
)
"""A host name with a dot, alone or within a URL."""


class _Reader:
    """Reads items into plain data; tests of one file share the files that make up their code."""

    def __init__(self, suites: Suites) -> None:
        self._relative = cache(suites.relative)
        self._relative_name = cache(lambda file: suites.relative(Path(file)))
        self._graph = CodeGraph(suites)
        self._more: dict[Path, set[str]] = {}
        self._files: dict[Path, tuple[str, ...]] = {}

    @property
    def searched(self) -> set[Path]:
        """Folders that were searched for modules."""
        return self._graph.searched

    def note(self, item: pytest.Item) -> None:
        """Remember the files of the test's fixtures and scenario: the test imports neither."""
        definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
        files = self._more.setdefault(item.path, set())
        files |= set(map(str, feature_of(item)))
        for definition in (one for group in definitions.values() for one in group):
            for function in written_functions(definition.func):
                files.add(function.__code__.co_filename)

    def collected(self, item: pytest.Item) -> Collected:
        """The test as plain data."""
        path = item.path
        if path not in self._files:
            more = map(Path, self._more.get(path, ()))
            self._files[path] = self._graph.files(path, more)
        fixtures = frozenset(getattr(item, "fixturenames", ()))
        functions = list(written_functions(getattr(item, "function", None)))
        code = functions[-1].__code__ if functions else None
        name = self._relative(path)
        services, excused = services_of(item)
        full = _nodeid(item, name)
        return Collected(
            nodeid=_recorded(item, full),
            reported=item.nodeid,
            services=services,
            phase=phase_of(path),
            routed=bool(ROUTED_FIXTURES & fixtures),
            path=name,
            source=name if code is None else self._relative_name(code.co_filename),
            line=0 if code is None else code.co_firstlineno,
            checks=count_checks(item),
            files=self._files[path],
            saved=item.stash[SAVED] if SAVED in item.stash else saved_at(path),
            fixtures=tuple(sorted(fixtures)),
            no_contact=excused,
            full=full,
            hosts=_possible_hosts(item),
            claims=claims_of(item),
        )


def _recorded(item: pytest.Item, full: str) -> str:
    """The test's name in records: parameters by their positions if their ids show values."""
    call = getattr(item, "callspec", None)
    if call is None:
        return bare_name(full)
    ids = call.id
    end = f"[{ids}]"
    if not full.endswith(end):
        return bare_name(full)
    pieces = getattr(call, "_idlist", None) or [ids]
    return bare_test(full.removesuffix(end), map(str, pieces), call.indices)


def _possible_hosts(item: pytest.Item) -> tuple[str, ...]:
    """Host names among the test's parameters, also within a URL."""
    call = getattr(item, "callspec", None)
    texts = [value for value in call.params.values() if isinstance(value, str)] if call else []
    return tuple(sorted({match[1].lower() for text in texts if (match := _HOST.match(text))}))


def _nodeid(item: pytest.Item, name: str) -> str:
    """The node id with the file relative to the suites' base, not to pytest's rootdir."""
    files = [node for node in item.listchain() if isinstance(node, pytest.File)]
    return name + item.nodeid[len(files[-1].nodeid) :] if files else item.nodeid
