"""Deselects tests by the services that they name.

`--stack-services`, `--stack-drill`, `--stack-copy-without`.
"""

from collections.abc import Collection, Iterable

import pytest
from msgspec import Struct

from stacktest.core.model import Stack
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError
from stacktest.pytest_plugin import markers as collection
from stacktest.pytest_plugin.stash import COLLECTED
from stacktest.pytest_plugin.usage_errors import usage_error


class Chosen(Struct, frozen=True, kw_only=True):
    """Services whose tests are to run; both empty: every service."""

    with_dependants: Collection[str] = ()
    """Services that are chosen together with those that depend on them, directly or not."""
    alone: Collection[str] = ()


def keep_chosen(
    config: pytest.Config,
    items: list[pytest.Item],
    chosen: Chosen,
    left_out: Collection[str],
) -> None:
    """Deselect, in place, tests that name a service in `left_out`, or no chosen service.

    Tests without a service stay only if nothing is chosen.
    """
    if not any(map(collection.asks_for_stack, items)):
        return
    from stacktest.bootstrap.context import find_project
    from stacktest.pytest_plugin.collected_tests import read
    from stacktest.pytest_plugin.stale import request_of

    request = request_of(config)
    try:
        stack = find_project(request.stack, rootdir=request.rootdir, compose=request.compose).stack
        wanted = with_dependants(stack, chosen.with_dependants) | set(chosen.alone)
        _check(stack, (*chosen.alone, *left_out))
    except UsageError as error:
        raise usage_error(error) from error
    collected: list[pytest.Item] = config.stash[COLLECTED]
    services = {test.reported: set(test.services) for test in read(collected, config)}

    def stays(item: pytest.Item) -> bool:
        names = services.get(item.nodeid, set())
        return not names & set(left_out) and (not wanted or bool(names & wanted))

    dropped = [item for item in items if not stays(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if stays(item)]


def with_dependants(stack: Stack, chosen: Iterable[str]) -> set[str]:
    """The chosen services and all that depend on one of them; UsageError for an unknown name."""
    wanted = set(chosen)
    _check(stack, wanted)
    while more := {
        name
        for name, service in stack.services.items()
        if name not in wanted and wanted & set(service.dependencies)
    }:
        wanted |= more
    return wanted


# Private


def _check(stack: Stack, names: Iterable[str]) -> None:
    for name in names:
        if name not in stack.services:
            raise UsageError(
                f"'{name}' is not a service of this stack",
                where=str(stack.root),
                hint=_hint(name, stack),
            )


def _hint(name: str, stack: Stack) -> str:
    if set(name.split(",")) <= set(stack.services):
        return "give the option once for each service"
    return did_you_mean(name, stack.services) or "stacktest status lists the services"
