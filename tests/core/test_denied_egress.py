"""`[stack] egress = "deny"`: every network is closed, no name server is asked, the rest is refused."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.denied_egress import asks_nobody, deny_egress
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError


def stack(networks: dict[str, Any], **definition: Any) -> Stack:
    names = tuple(networks)
    app = Service(name="app", networks=names, definition={"image": "x", **definition})
    return Stack(
        name="t", root=Path("/t"), services={"app": app}, definitions={"networks": networks}
    )


def test_networks_are_internal_and_nothing_else_of_them_changes() -> None:
    before = stack({"default": None, "back": {"name": "b", "internal": False}})
    closed = deny_egress(before)
    assert closed.denies_egress
    assert closed.definitions["networks"] == {
        "default": {"internal": True},
        "back": {"name": "b", "internal": True},
    }
    assert before.definitions["networks"]["back"] == {"name": "b", "internal": False}


def test_a_service_without_a_name_server_gets_none() -> None:
    closed = deny_egress(stack({"default": None}))
    assert closed.services["app"].definition == {
        "image": "x",
        "dns": ["127.0.0.1"],
        "dns_opt": ["timeout:1", "attempts:2"],
    }
    assert asks_nobody(closed, "app")


@pytest.mark.parametrize("own", [{"dns": ["172.30.0.2"]}, {"dns_opt": ["ndots:2"]}])
def test_a_name_server_of_its_own_stays(own: dict[str, Any]) -> None:
    closed = deny_egress(stack({"default": None}, **own))
    assert closed.services["app"].definition == {"image": "x", **own}
    assert not asks_nobody(closed, "app")


def test_a_stack_that_may_reach_out_asks_whom_it_likes() -> None:
    assert not asks_nobody(stack({"default": None}, dns=["127.0.0.1"]), "app")


@pytest.mark.parametrize("mode", ["none", "service:vpn"])
def test_a_service_without_a_network_of_its_own_is_left_as_it_is(mode: str) -> None:
    before = stack({}, network_mode=mode)
    assert deny_egress(before).services == before.services


@pytest.mark.parametrize("mode", ["host", "bridge", "container:stranger"])
def test_a_network_outside_of_the_stack_is_refused(mode: str) -> None:
    with pytest.raises(UsageError) as caught:
        deny_egress(stack({}, network_mode=mode))
    assert caught.value.where == "services.app.network_mode"


def test_an_external_network_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        deny_egress(stack({"proxy": {"external": True, "name": "proxy"}}))
    assert caught.value.where == "networks.proxy.external"
