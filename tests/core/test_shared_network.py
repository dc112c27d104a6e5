from pathlib import Path

import pytest

from stacktest.core.model import Service, Stack
from stacktest.core.shared_network import network_mode, network_owner, tenants_of


def service(name: str, mode: str | None = None, container: str = "") -> Service:
    return Service(name=name, container_name=container, definition={"network_mode": mode})


STACK = Stack(
    name="t",
    root=Path("/t"),
    services={
        item.name: item
        for item in (
            service("vpn", container="the-vpn"),
            service("torrents", "service:vpn"),
            service("index", "container:the-vpn"),
            service("nested", "service:torrents"),
            service("apart", "host"),
            service("lost", "service:gone"),
            service("foreign", "container:elsewhere"),
            service("one", "service:two"),
            service("two", "service:one"),
        )
    },
)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("vpn", "vpn"),
        ("torrents", "vpn"),
        ("index", "vpn"),
        ("nested", "vpn"),
        ("apart", "apart"),
        ("lost", "lost"),
        ("foreign", "foreign"),
        ("one", "two"),
        ("unheard-of", "unheard-of"),
    ],
)
def test_in_whose_network_a_service_runs(name: str, owner: str) -> None:
    assert network_owner(STACK, name) == owner


def test_who_runs_in_the_network_of_another() -> None:
    assert tenants_of(STACK, "vpn") == ("torrents", "index", "nested")
    assert tenants_of(STACK, "apart") == ()


def test_a_service_without_a_definition_has_a_network_of_its_own() -> None:
    assert network_mode(Service(name="bare")) == ""
