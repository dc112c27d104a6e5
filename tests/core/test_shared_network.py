from pathlib import Path

import pytest

from stacktest.core.model import Port, Service, Stack
from stacktest.core.shared_network import (
    answering_service,
    answers_itself,
    network_mode,
    network_owner,
    service_at,
    tenants_of,
)


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


@pytest.mark.parametrize(("container", "owner"), [("t-vpn-1", "vpn"), ("vpn", "torrents")])
def test_a_container_is_joined_by_the_name_that_compose_gives_it(
    container: str, owner: str
) -> None:
    stack = shared(service("vpn"), service("torrents", f"container:{container}"))
    assert network_owner(stack, "torrents") == owner


def test_who_runs_in_the_network_of_another() -> None:
    assert tenants_of(STACK, "vpn") == ("torrents", "index", "nested")
    assert tenants_of(STACK, "apart") == ()


def test_a_service_without_a_definition_has_a_network_of_its_own() -> None:
    assert network_mode(Service(name="bare")) == ""


def shared(*services: Service) -> Stack:
    return Stack(name="t", root=Path("/t"), services={item.name: item for item in services})


def at(name: str, mode: str = "", *expose: str, command: str = "", published: int = 0) -> Service:
    return Service(
        name=name,
        command=tuple(command.split()),
        ports=(Port(target=80, published=published),) if published else (),
        definition={"network_mode": mode or None, "expose": list(expose)},
    )


VPN, FILMS, SONGS = at("vpn"), at("films", "service:vpn"), at("songs", "service:vpn")


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ((VPN,), "vpn"),
        ((VPN, FILMS), "films"),
        ((at("vpn", "", "8000"), FILMS), "vpn"),
        ((at("vpn", "", "8000"), at("films", "service:vpn", "8000")), ""),
        ((VPN, FILMS, SONGS), ""),
        ((VPN, at("films", "service:vpn", "8000/tcp"), SONGS), "films"),
    ],
)
def test_who_listens_at_a_port_of_a_shared_network(
    services: tuple[Service, ...], expected: str
) -> None:
    assert service_at(shared(*services), "vpn", 8000) == expected


def test_a_service_that_is_only_running_listens_for_itself() -> None:
    assert service_at(shared(VPN), "orphan", 8000) == "orphan"


@pytest.mark.parametrize(
    ("services", "name", "expected"),
    [
        ((at("db"),), "db", "db"),
        ((at("db", "", "9000"),), "db", "db"),
        ((VPN, FILMS, SONGS), "films", "films"),
        ((VPN, at("films", "service:vpn", "8000"), SONGS), "films", "films"),
        ((VPN, at("films", "service:vpn", "8000"), SONGS), "songs", "films"),
        ((VPN, at("films", "service:vpn", "8000"), SONGS), "vpn", "films"),
        ((at("vpn", "", "8000"), at("films", "service:vpn", "8000")), "films", ""),
        ((VPN, at("films", "service:vpn", command="--port 9000")), "films", ""),
        ((VPN, at("films", "service:vpn", command="--port 9000")), "vpn", "vpn"),
        ((at("home", "host"), at("metrics", "host", "8000")), "home", "metrics"),
        ((at("home", "host"), at("web", published=8000)), "home", "web"),
        ((at("home", "host", "8000"), at("web", published=8000)), "home", ""),
        ((at("home", "host", "8000"), at("web", published=8000)), "web", "web"),
        ((at("home", "host", "9000"),), "home", "home"),
    ],
)
def test_whose_answer_came_from_a_port_that_a_test_asked(
    services: tuple[Service, ...], name: str, expected: str
) -> None:
    assert answering_service(shared(*services), name, 8000) == expected


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        ("serve --quiet", "vpn", False),
        ("serve --quiet", "torrents", True),
        ("serve --port 9091", "vpn", False),
        ("serve --port 9091", "torrents", True),
    ],
)
def test_a_port_is_not_of_the_owner_of_the_network_where_its_one_tenant_may_listen(
    words: str, name: str, *, expected: bool
) -> None:
    command, inner = tuple(words.split()), {"network_mode": "service:vpn"}
    tenant = Service(name="torrents", command=command, definition=inner)
    stack = Stack(name="t", root=Path("/t"), services={"vpn": service("vpn"), "torrents": tenant})
    assert answers_itself(stack, name, 9091) is expected


def test_a_port_of_several_silent_programs_is_of_none_of_them() -> None:
    assert not any(answers_itself(STACK, name, 9091) for name in ("vpn", "torrents", "index"))
    assert answers_itself(STACK, "apart", 9091)
