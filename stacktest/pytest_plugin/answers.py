"""Where a visit to a host name goes, and whose answer came back."""

from urllib.parse import urlsplit

import pytest

from stacktest.application.running_stack import RunningStack
from stacktest.core.routing import origin, service_behind
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError
from stacktest.pytest_plugin.contacts import note
from stacktest.pytest_plugin.failure_artifacts import remember_answer


def url_of(stack: RunningStack, name: str) -> str:
    """The URL of a service, of the first label of a host name, or of a host name."""
    return origin(stack.names.doors, _host(stack, name))


def note_answer(node: pytest.Item, stack: RunningStack, url: str, status: int) -> None:
    """Note the front door, and the one service that must have given this answer, if there is one.

    502, 503 and 504 may be the front door's own, so they are nobody's answer but its own.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    remember_answer(node, f"{status} {url}")
    if not stack.names.is_ours(host):
        return
    if stack.model.front_door:
        note(node, stack.model.front_door)
    service = service_behind(stack.model.routes, host=host, path=parts.path or "/", status=status)
    if service and service != stack.model.front_door:
        note(node, service)


# Private


def _host(stack: RunningStack, name: str) -> str:
    routes = [route for route in stack.model.routes if "*" not in route.host]
    hosts = [route.host for route in routes]
    if name in hosts or stack.names.is_ours(name):
        return name
    for mine in (
        [route.host for route in routes if route.service == name and not route.match],
        [host for host in hosts if host.partition(".")[0] == name],
        [route.host for route in routes if route.service == name],
    ):
        if mine:
            return mine[0]
    if name in stack.model.services:
        raise UsageError(
            f"service '{name}' has no host name",
            where="fixture api",
            hint=f'reach it with the fixture `inside`: inside("{name}").http(PORT)',
        )
    known = (*stack.model.services, *hosts)
    raise UsageError(
        f"'{name}' is neither a service nor a host name of this stack",
        where="fixture api",
        hint=did_you_mean(name, known) or "stacktest names",
    )
