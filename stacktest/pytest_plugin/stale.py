"""`--stale`: leave out the tests of services that are functional, with all that they depend on.

A test stays when any service that it names is not functional, or when a direct dependency of one
is not; a test that names no service stays too, since nobody remembers anything about it.
"""

import pytest

from stacktest.application.judge import TestsOf
from stacktest.core.collected_test import Collected
from stacktest.pytest_plugin import markers as collection


def leave_out_functional(
    config: pytest.Config, items: list[pytest.Item], whole: tuple[Collected, ...]
) -> None:
    """Deselect, in place, the tests of which every service is functional."""
    if not whole:
        return
    stale = stale_services(config, whole)
    services = {test.nodeid: set(test.services) for test in whole}
    done = [
        item
        for item in items
        if collection.asks_for_stack(item)
        and services.get(item.nodeid)
        and not services[item.nodeid] & stale
    ]
    if done:
        config.hook.pytest_deselected(items=done)
        left_out = set(done)
        items[:] = [item for item in items if item not in left_out]


def stale_services(config: pytest.Config, whole: tuple[Collected, ...]) -> set[str]:
    """Services that are not functional now, and those that depend on one of them directly."""
    from stacktest.application.run import tests_of
    from stacktest.bootstrap.context import find_project, now, read_code
    from stacktest.pytest_plugin.inventory import is_whole

    project = find_project(config.getoption("--stack"), rootdir=config.rootpath)
    if is_whole(config):
        tests: TestsOf = tests_of(whole, read_code(project.suites.base))
    else:
        tests = project.collect()()
    judgements = project.judge.judge_all(project.look(), tests, now())
    broken = {name for name, one in judgements.items() if not one.state.functional}
    return {
        name
        for name, service in project.stack.services.items()
        if name in broken or broken & set(service.dependencies)
    }
