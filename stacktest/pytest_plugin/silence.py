"""Whether a service has sent no byte since a test began: then it gave the test no answer."""

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
    """Remember how many bytes the services that the test names have sent so far."""
    stack = test.config.stash.get(RUNNING, None)
    if stack is None:
        return
    services = {str(name) for mark in test.iter_markers("service") for name in mark.args}
    counts = {name: _sent(stack, name) for name in services}
    test.stash[SENT] = {name: count for name, count in counts.items() if count is not None}


def is_silent(test: pytest.Item, stack: RunningStack, service: str) -> bool:
    """True if the service has certainly sent no byte; False also if the engine has no count.

    A service without a host name and without a published or exposed port is tested by its log and
    its state alone, so a count of bytes proves nothing about it.
    """
    if not _has_address(stack, service):
        return False
    before = test.stash.get(SENT, {}).get(service)
    return before is not None and _sent(stack, service) == before


# Private


def _has_address(stack: RunningStack, service: str) -> bool:
    from stacktest.core.readiness import declared_ports

    listens = declared_ports(stack.model.services[service])
    return bool(listens or stack.model.routes_of(service))


def _sent(stack: RunningStack, service: str) -> int | None:
    containers = [
        container
        for container in stack.engine.containers(stack.model.name)
        if container.service == service and container.is_running
    ]
    return stack.engine.sent_bytes(containers[0].id) if len(containers) == 1 else None
