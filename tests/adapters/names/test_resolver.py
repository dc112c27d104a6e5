import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.names import (
    Lookup,
    NameMap,
    NoAddress,
    Publication,
    look_up,
    name_map,
    reachable,
    resolve_hosts_lines,
)
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from stacktest.core.route import Route
from stacktest.errors import UsageError

DOOR = ("127.0.0.1", 9443)
NAMES = NameMap(
    hosts=("grafana.stack.local", "*.wild.test", "app.example"),
    domain="stack.local",
    doors={443: DOOR, 80: ("127.0.0.1", 9080)},
    allowed=("ok.test", "*.fine.test"),
)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("grafana.stack.local", 443, DOOR),
        ("GRAFANA.stack.local.", 443, DOOR),
        ("stack.local", 443, DOOR),
        ("no-such.stack.local", 443, DOOR),
        ("a.b.stack.local", 443, DOOR),
        ("x.wild.test", 443, DOOR),
        ("app.example", 80, ("127.0.0.1", 9080)),
        ("app.example", 9443, DOOR),
        ("ok.test", 8080, ("ok.test", 8080)),
        ("x.fine.test", 443, ("x.fine.test", 443)),
    ],
)
def test_names_that_lead_somewhere(host: str, port: int, expected: tuple[str, int]) -> None:
    assert NAMES.resolve(host, port) == expected


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("example.com", 443, "'example.com' is not a host name of this stack"),
        ("notstack.local", 443, "not a host name of this stack"),
        ("stack.local.evil.test", 443, "not a host name of this stack"),
        ("wild.test", 443, "not a host name of this stack"),
        ("fine.test", 443, "allow_hosts"),
        ("127.0.0.1", 443, "not a host name of this stack"),
        ("localhost", 80, "not a host name of this stack"),
        ("stack.local", 22, "publishes no such port (it has: 80, 443)"),
    ],
)
def test_names_that_are_refused(host: str, port: int, why: str) -> None:
    refused = NAMES.resolve(host, port)
    assert isinstance(refused, NoAddress)
    assert why in refused.why


def test_without_a_stack_every_name_is_refused() -> None:
    assert isinstance(NameMap().resolve("", 443), NoAddress)
    assert isinstance(NameMap().resolve("stack.local", 443), NoAddress)


def test_names_of_a_stack(make_stack: Callable[..., Stack]) -> None:
    ports = (
        Port(target=443, published=9443, host_ip="127.0.0.1"),
        Port(target=443, published=9443, protocol="udp"),
        Port(target=80, published=9080, host_ip="0.0.0.0"),
        Port(target=81, published=9081, host_ip="10.1.2.3"),
        Port(target=82),
        Port(target=83, published=9083, host_ip="::"),
    )
    names = name_map(make_stack("door", ports=ports), allowed=("x.test",))
    assert names.domain == "stack.local"
    assert names.allowed == ("x.test",)
    assert names.doors == {
        443: ("127.0.0.1", 9443),
        80: ("127.0.0.1", 9080),
        81: ("10.1.2.3", 9081),
        83: ("127.0.0.1", 9083),
    }


@pytest.mark.case("field/b13")
def test_ports_that_run_win_over_the_model(make_stack: Callable[..., Stack]) -> None:
    names = name_map(
        make_stack("door", ports=(Port(target=443),)),
        running={"door": (Port(target=443, published=32768, host_ip="127.0.0.1"),)},
    )
    assert names.resolve("stack.local", 443) == ("127.0.0.1", 32768)


def test_a_front_door_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'door' is not a service"):
        name_map(Stack(name="t", root=tmp_path, services={}, front_door="door"))


def test_no_front_door_is_no_way_in(tmp_path: Path) -> None:
    names = name_map(Stack(name="t", root=tmp_path, services={}, domain="stack.local"))
    assert isinstance(names.resolve("stack.local", 443), NoAddress)


def test_hosts_lines_name_each_host_once() -> None:
    names = NameMap(hosts=("b.x.test", "*.x.test", "a.x.test", "x.test"), domain="x.test")
    assert resolve_hosts_lines(names) == [
        "127.0.0.1 x.test",
        "127.0.0.1 a.x.test",
        "127.0.0.1 b.x.test",
    ]
    assert resolve_hosts_lines(names, "192.168.10.20")[0] == "192.168.10.20 x.test"


def test_hosts_of_several_routes_count_once(make_stack: Callable[..., Stack]) -> None:
    stack = replace(
        make_stack("door"), routes=(Route(host="a.test"), Route(host="a.test", match="/x"))
    )
    assert name_map(stack).hosts == ("a.test",)


def test_look_up_tells_answer_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 0))] * 2
    )
    found = look_up("app.stack.local")
    assert found.addresses == ("127.0.0.1",)
    assert found.is_fine("127.0.0.1")
    assert not found.is_fine("10.0.0.1")


def test_look_up_tells_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str | None, **__: socket.SocketKind) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = look_up("app.stack.local")
    assert (found.addresses, found.error) == ((), "Name or service not known")
    assert not found.is_fine("127.0.0.1")


def test_look_up_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    held = threading.Event()

    def hang(*_: str | None, **__: socket.SocketKind) -> list[Any]:
        held.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    found = look_up("app.stack.local", timeout=0.02)
    held.set()
    assert found.error == "no answer in time"


def test_a_slow_answer_is_not_fine() -> None:
    assert not Lookup(host="a", seconds=5.0, addresses=("127.0.0.1",)).is_fine("127.0.0.1")


def test_ports_of_a_container() -> None:
    ports = (
        Port(target=443, published=32768, host_ip="0.0.0.0"),
        Port(target=443, published=32769, host_ip="::"),
        Port(target=443, published=32768, protocol="udp"),
        Port(target=80, published=8080, host_ip="10.1.2.3"),
        Port(target=81),
    )
    assert reachable(ports) == {443: ("127.0.0.1", 32768), 80: ("10.1.2.3", 8080)}
    assert reachable(ports, "10.9.9.9")[443] == ("10.9.9.9", 32768)


def test_what_another_host_publishes_for_itself_alone_does_not_lead_here(
    make_stack: Callable[..., Stack],
) -> None:
    """127.0.0.1 of the engine's host is not ours, where another program may answer."""
    own = Port(target=443, published=9443, host_ip="127.0.0.1")
    stack = make_stack("caddy", ports=[own])
    assert name_map(stack).resolve("app.stack.local", 443) == ("127.0.0.1", 9443)
    far = name_map(stack, engine_host="10.9.9.9")
    refused = far.resolve("app.stack.local", 443)
    assert isinstance(refused, NoAddress)
    assert "publishes its ports for 10.9.9.9 alone" in refused.why
    assert isinstance(far.resolve("localhost", 9443), NoAddress)


PUBLISHED = NameMap(
    published={
        ("127.0.0.1", 5000): Publication(service="web", port=80),
        ("10.1.2.3", 5001): Publication(service="lan", port=80),
    }
)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "::1"])
def test_a_published_port_is_its_services(host: str) -> None:
    assert PUBLISHED.resolve(host, 5000) == ("127.0.0.1", 5000)
    assert PUBLISHED.publication(host, 5000) == Publication(service="web", port=80)


def test_other_ports_and_addresses_are_not_the_stacks() -> None:
    assert PUBLISHED.publication("10.1.2.3", 5001) == Publication(service="lan", port=80)
    for host, port in (("127.0.0.1", 5001), ("10.1.2.3", 5000), ("10.1.2.4", 5001)):
        assert PUBLISHED.publication(host, port) is None
        assert isinstance(PUBLISHED.resolve(host, port), NoAddress)


def test_of_two_services_that_claim_a_port_the_running_one_has_it(
    make_stack: Callable[..., Stack],
) -> None:
    port = Port(target=80, published=5000)
    stack = make_stack(
        "door", cpu=Service(name="cpu", ports=(port,)), gpu=Service(name="gpu", ports=(port,))
    )
    names = name_map(stack, running={"cpu": (port,)})
    assert names.publication("127.0.0.1", 5000) == Publication(service="cpu", port=80)
    assert names.addresses("gpu") == {}


def test_a_front_door_on_the_hosts_network_has_every_port(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("inner", door=Service(name="door", definition={"network_mode": "host"}))
    names = name_map(replace(stack, front_door="door"))
    assert names.resolve("stack.local", 8443) == ("127.0.0.1", 8443)


def test_a_front_door_of_another_project(make_stack: Callable[..., Stack]) -> None:
    stack = replace(make_stack("app"), front_door="")
    assert isinstance(name_map(stack).resolve("stack.local", 80), NoAddress)
    names = name_map(stack, doors={80: ("127.0.0.1", 18009)})
    assert names.resolve("stack.local", 80) == ("127.0.0.1", 18009)


def test_without_a_front_door_the_refusal_names_both_keys(make_stack: Callable[..., Stack]) -> None:
    refused = name_map(replace(make_stack("app"), front_door="")).resolve("stack.local", 80)
    assert isinstance(refused, NoAddress)
    assert "`front_door`" in refused.why
    assert "`door`" in refused.why


def test_names_are_compared_as_a_labels_and_shown_as_people_write_them(
    make_stack: Callable[..., Stack],
) -> None:
    stack = replace(make_stack("door"), routes=(Route(host="bücher.test"),), domain="müller.test")
    names = name_map(stack, allowed=("faß.test",))
    assert names.resolve("xn--bcher-kva.test", 443) == names.resolve("bücher.test", 443) == DOOR
    assert names.resolve("a.müller.test", 443) == DOOR
    assert names.resolve("xn--fa-hia.test", 443) == ("xn--fa-hia.test", 443)
    refused = names.resolve("xn--bcher-kva.other", 443)
    assert isinstance(refused, NoAddress)
    assert "'bücher.other'" in refused.why


def tenant(name: str, *expose: str) -> Service:
    return Service(name=name, definition={"network_mode": "service:vpn", "expose": list(expose)})


@pytest.mark.parametrize(
    ("tenants", "expected"),
    [
        ((), "vpn"),
        ((tenant("torrents"),), "torrents"),
        ((tenant("torrents", "8080"), tenant("news", "6789/tcp")), "torrents"),
        ((tenant("torrents"), tenant("news")), ""),
    ],
)
def test_a_port_of_a_shared_network_is_the_tenants(
    make_stack: Callable[..., Stack], tenants: tuple[Service, ...], expected: str
) -> None:
    vpn = Service(name="vpn", ports=(Port(target=8080, published=18080),))
    stack = make_stack("door", vpn=vpn, **{service.name: service for service in tenants})
    publication = name_map(stack).publication("127.0.0.1", 18080)
    assert publication == Publication(service=expected, port=8080)


COPY = replace(
    NAMES,
    published={("127.0.0.1", 6379): Publication(service="redis", port=6379)},
    moved={DOOR: ("172.20.0.2", 8443)},
)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("grafana.stack.local", 443, ("172.20.0.2", 8443)),
        ("app.example", 9443, ("172.20.0.2", 8443)),
        ("ok.test", 8080, ("ok.test", 8080)),
    ],
)
def test_names_of_a_copy_lead_to_its_own_containers(
    host: str, port: int, expected: tuple[str, int]
) -> None:
    assert COPY.resolve(host, port) == expected


def test_what_a_container_answers_is_that_of_its_published_port() -> None:
    moved = {("127.0.0.1", 6379): ("172.20.0.3", 6379)}
    names = replace(COPY, moved=moved)
    assert names.publication("172.20.0.3", 6379) == Publication(service="redis", port=6379)
    assert names.publication("172.20.0.3", 6380) is None
    assert replace(names, moved=None).publication("172.20.0.3", 6379) is None


@pytest.mark.parametrize(
    ("host", "port"), [("grafana.stack.local", 80), ("127.0.0.1", 6379), ("localhost", 6379)]
)
def test_what_a_copy_does_not_have_never_leads_to_the_stack(host: str, port: int) -> None:
    answer = COPY.resolve(host, port)
    assert isinstance(answer, NoAddress)
    assert "no running container has this port" in answer.why


@pytest.mark.parametrize(
    ("host", "service"),
    [("127.0.0.1", "four"), ("::1", "six"), ("localhost", "four"), ("127.0.0.2", "two")],
)
def test_one_port_at_several_addresses_of_this_machine(host: str, service: str) -> None:
    addresses = {"127.0.0.1": "four", "::1": "six", "127.0.0.2": "two"}
    names = NameMap(
        published={(ip, 8080): Publication(service=name, port=80) for ip, name in addresses.items()}
    )
    address = names.resolve(host, 8080)
    assert isinstance(address, tuple)
    publication = names.publication(*address)
    assert publication is not None
    assert publication.service == service
    assert names.publication(host, 8080) == publication
