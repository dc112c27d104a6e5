"""What a test hears that names a service whose host name is in a file that could not be read."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stacktest.application.running_stack import RunningStack
from stacktest.core.model import Service, Stack
from stacktest.core.route import unread_route
from stacktest.errors import UsageError
from stacktest.pytest_plugin.answers import is_unrouted
from stacktest.pytest_plugin.targets import base_url


def running(*, unread: bool, published: bool = False) -> RunningStack:
    routes = (unread_route("Caddyfile:3", "its braces do not match"),) if unread else ()
    services = {name: Service(name=name) for name in ("door", "web")}
    model = Stack(name="p", root=Path("/p"), services=services, routes=routes, front_door="door")
    addresses = {80: ("127.0.0.1", 8080)} if published else {}
    names = SimpleNamespace(is_ours=lambda _: False, doors={}, addresses=lambda _: addresses)
    return cast(RunningStack, SimpleNamespace(model=model, names=names))


@pytest.mark.parametrize("target", ["web", "web.home.test", "web/below"])
@pytest.mark.parametrize("unread", [True, False])
def test_a_file_that_could_not_be_read_is_no_fault_of_the_service(
    target: str, unread: bool
) -> None:
    with pytest.raises(UsageError) as caught:
        base_url(running(unread=unread), target)
    assert is_unrouted(caught.value) == unread
    assert ("Caddyfile:3: its braces do not match" in caught.value.what) == unread


def test_a_published_port_needs_no_file() -> None:
    assert base_url(running(unread=True, published=True), "web") == "http://127.0.0.1:8080"


@pytest.mark.parametrize("port", [81, 443])
def test_a_port_that_is_not_published_is_the_tests_own_fault(port: int) -> None:
    with pytest.raises(UsageError) as caught:
        base_url(running(unread=True, published=True), "web", port)
    assert not is_unrouted(caught.value)
