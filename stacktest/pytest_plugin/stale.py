"""`--stale`: deselects tests of services that are functional and whose dependencies are.

A test stays if any service that it names is not functional, or if a direct dependency of one of
them is not; a test that names no service of the stack stays too: no record is about it. A
dependency counts only if a run can change its state: one that no test names, or that has an
exemption, would keep its dependants stale for ever.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import pytest

from stacktest.errors import UsageError
from stacktest.pytest_plugin import markers as collection
from stacktest.pytest_plugin.stash import ASKED, COLLECTED, JUDGE, NOTHING_STALE
from stacktest.pytest_plugin.usage_errors import usage_error

if TYPE_CHECKING:
    from stacktest.application.judge import Judge
    from stacktest.bootstrap.session import RunRequest
    from stacktest.core.freshness.judgement import Judgement
    from stacktest.core.rehearsal.settings import CopySettings


def leave_out_functional(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, in place, the tests whose services are all functional."""
    if not any(map(collection.asks_for_stack, items)):
        return
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.session import judge_tests
    from stacktest.pytest_plugin.collected_tests import read
    from stacktest.pytest_plugin.inventory import is_whole

    collected = config.stash[COLLECTED]
    whole = read(collected, config)
    try:
        judge, judgements = config.stash.get(JUDGE, judge_tests)(
            request_of(config), whole if is_whole(config) else None
        )
    except UsageError as error:
        raise usage_error(error) from error
    stale = stale_services(judge, judgements, now().date())
    known = set(judge.stack.services)
    services = {test.reported: set(test.services) for test in whole}
    functional = [
        item
        for item in items
        if collection.asks_for_stack(item)
        and services.get(item.nodeid)
        and services[item.nodeid] <= known - stale
    ]
    if functional:
        config.hook.pytest_deselected(items=functional)
        left_out = set(functional)
        items[:] = [item for item in items if item not in left_out]
        config.stash[NOTHING_STALE] = not items


def stale_services(judge: "Judge", judgements: Mapping[str, "Judgement"], today: date) -> set[str]:
    """Services that are not functional now, and those that depend on one of them directly."""
    from stacktest.core.freshness.gate import in_force
    from stacktest.core.freshness.states import State

    broken = {name: j.state for name, j in judgements.items() if not j.state.functional}
    exempt = {
        (exemption.service, state)
        for exemption in in_force(judge.config.exempt, today)
        for state in exemption.states
    }
    infectious = {
        name
        for name, state in broken.items()
        if state is not State.NO_TESTS and (name, state.value) not in exempt
    }
    return {
        name
        for name, service in judge.stack.services.items()
        if name in broken or infectious & set(service.dependencies)
    }


def request_of(config: pytest.Config) -> "RunRequest":
    """The run that the command line asks for."""
    from stacktest.bootstrap.session import RunRequest

    return RunRequest(
        rootdir=config.rootpath,
        stack=config.getoption("--stack"),
        mode=config.getoption("--stack-up"),
        keep=config.getoption("--stack-keep"),
        compose=config.stash.get(ASKED, None),
        copy=copy_settings(config) if tests_a_copy(config) else None,
        only_plans=config.getoption("--stack-dry-run"),
        is_shard=bool(config.getoption("--stack-shard")),
    )


def tests_a_copy(config: pytest.Config) -> bool:
    """Whether a copy of the stack is tested in place of the stack."""
    return bool(config.getoption("--stack-copy") or config.getoption("--stack-drill"))


def copy_settings(config: pytest.Config) -> "CopySettings":
    """The copy that the command line asks for; each call returns a new id."""
    from secrets import token_hex

    from stacktest.core.rehearsal.settings import CopySettings, parse_images

    drilled = tuple(dict.fromkeys(config.getoption("--stack-drill")))
    return CopySettings(
        id=token_hex(3),
        data="empty" if drilled else config.getoption("--stack-copy-data"),
        drilled=drilled,
        images=parse_images(config.getoption("--stack-copy-with"), where="--stack-copy-with"),
        left_out=tuple(config.getoption("--stack-copy-without")),
        verb=config.getoption("--stack-copy-verb"),
    )
