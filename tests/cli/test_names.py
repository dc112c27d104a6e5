"""Addresses of the verb `names` say whether anybody but a test reaches them."""

from pathlib import Path

from stacktest.adapters.routes import read_routes
from stacktest.cli.names import _published, _shown
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack


def test_a_port_that_no_run_publishes_is_for_tests_only() -> None:
    web = Service(name="web", ports=(Port(target=80, published=8080),))
    stack = Stack(name="t", root=Path("/t"), services={"web": web})
    row = ("0.0.0.0:8080", "web:80", "published", "services.web.ports")
    assert _published(stack) == [row]
    closed = replace(stack, denies_egress=True)
    assert _published(closed) == [(*row[:2], "for tests only", row[3])]


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    web = Service(name="web", ports=(Port(target=80, published=8080, host_ip="::1"),))
    stack = Stack(name="t", root=Path("/t"), services={"web": web})
    assert _published(stack)[0][0] == "[::1]:8080"


def test_a_port_of_a_shared_network_is_shown_with_whoever_listens() -> None:
    inner = {"network_mode": "service:vpn"}
    vpn = Service(name="vpn", ports=(Port(target=1, published=1), Port(target=2, published=2)))
    declared = Service(name="declared", definition={**inner, "expose": ["1"]})
    silent = Service(name="silent", definition=inner)
    services = {service.name: service for service in (vpn, declared, silent)}
    stack = Stack(name="t", root=Path("/t"), services=services)
    behind = [row[1] for row in _published(stack)]
    assert behind == ["declared:1", "vpn or declared or silent:2"]


def test_the_page_that_traefik_has_by_itself_is_not_shown_beside_each_name() -> None:
    labels = {"traefik.http.routers.web.rule": "Host(`web.t.test`)"}
    web = Service(name="web", labels=labels, ports=(Port(target=80),))
    stack = Stack(name="t", root=Path("/t"), services={"web": web})
    routes = read_routes(("traefik",), stack)
    assert any(route.is_guard for route in routes)
    shown = _shown(replace(stack, routes=routes))
    assert [(route.host, route.service) for route in shown] == [("web.t.test", "web")]
