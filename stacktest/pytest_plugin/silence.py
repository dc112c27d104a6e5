"""Whether a service has sent nothing since a test began: then nobody can have had its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from stacktest.pytest_plugin.stash import RUNNING

if TYPE_CHECKING:
    from stacktest.application.running_stack import RunningStack

SENT: pytest.StashKey[Mapping[str, int]] = pytest.StashKey()
"""Per test: service → bytes that its container had sent when the test began."""


def count_sent(test: pytest.Item) -> None:
    """Remember what the services that the test is about have sent so far."""
    stack = test.config.stash.get(RUNNING, None)
    if stack is None:
        return
    services = {str(name) for mark in test.iter_markers("service") for name in mark.args}
    counts = {name: _sent(stack, name) for name in services}
    test.stash[SENT] = {name: count for name, count in counts.items() if count is not None}


def is_silent(test: pytest.Item, stack: RunningStack, service: str) -> bool:
    """True when it has certainly sent nothing; False also where no engine could tell.

    A service without a host name and without a published or exposed port answers by its log and
    its state alone, so silence says nothing about it.
    """
    if not _has_address(stack, service):
        return False
    before = test.stash.get(SENT, {}).get(service)
    return before is not None and _sent(stack, service) == before


# Private


def _has_address(stack: RunningStack, service: str) -> bool:
    from stacktest.core.readiness import listening_ports

    listens = listening_ports(stack.model.services[service])
    return bool(listens or stack.model.routes_of(service))


def _sent(stack: RunningStack, service: str) -> int | None:
    containers = [
        container
        for container in stack.engine.containers(stack.model.name)
        if container.service == service and container.is_running
    ]
    return stack.engine.sent_bytes(containers[0].id) if len(containers) == 1 else None
