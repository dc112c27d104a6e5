"""Whether a service has certainly given a test no answer: it sent nothing, or it cannot hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from stacktest.pytest_plugin.stash import RUNNING

if TYPE_CHECKING:
    from stacktest.application.running_stack import RunningStack
    from stacktest.core.observed_state import Container

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


def why_silent(test: pytest.Item, stack: RunningStack, service: str) -> str:
    """Why the service has certainly given no answer; empty also if the engine has no count.

    The kernel refuses connections in the container's name, so bytes alone are not an answer.
    A service without a host name and without a published or exposed port is tested by its log and
    its state alone, so a count of bytes proves nothing about it.
    """
    before = test.stash.get(SENT, {}).get(service)
    if before is None or not _has_address(stack, service):
        return ""
    if _sent(stack, service) == before:
        return "its container has sent nothing since the test began"
    return "no program in its container has a port open" if _is_deaf(stack, service) else ""


# Private


def _has_address(stack: RunningStack, service: str) -> bool:
    from stacktest.core.readiness import declared_ports

    own = stack.model.services[service]
    return bool(declared_ports(own) or own.ports or stack.model.routes_of(service))


def _is_deaf(stack: RunningStack, service: str) -> bool:
    from stacktest.adapters.diagnosis.open_ports import has_open_port

    container = _container(stack, service)
    return container is not None and has_open_port(stack.engine, container.id) is False


def _sent(stack: RunningStack, service: str) -> int | None:
    container = _container(stack, service)
    return stack.engine.sent_bytes(container.id) if container else None


def _container(stack: RunningStack, service: str) -> Container | None:
    """The only running container of the service; None if it has none or several."""
    containers = [
        container
        for container in stack.engine.containers(stack.model.name)
        if container.service == service and container.is_running
    ]
    return containers[0] if len(containers) == 1 else None
