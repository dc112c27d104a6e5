"""Addresses of the verb `names` say whether anybody but a test reaches them."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.cli.names import _document, _published, _refuse_unread, _rows, _shown
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from stacktest.errors import UsageError


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


def test_a_file_that_cannot_be_read_is_an_error_behind_the_names_that_are_known(
    tmp_path: Path,
) -> None:
    (tmp_path / "Caddyfile").write_text("{\n\thttp_port 8O80\n}\n")
    web = Service(name="web", ports=(Port(target=80),))
    stack = Stack(name="t", root=tmp_path, services={"web": web})
    hosts = {"db.t.test": "web"}
    routes = read_routes(("Caddyfile",), stack, hosts=hosts, goes_on=True)
    stack = replace(stack, routes=routes)
    assert [route.host for route in _shown(stack)] == ["db.t.test"]
    document = _document(stack)
    assert document.keys() == {"db.t.test", "routes", "published"}
    with pytest.raises(UsageError) as refused:
        _refuse_unread(stack)
    assert refused.value.lines() == [
        "error: the Caddyfile cannot be read: '8O80' is not a port number",
        "  at: Caddyfile:2",
        "  hint: correct that place, or use [stack.hosts] instead, then: stacktest names",
    ]
    _refuse_unread(replace(stack, routes=routes[:1]))


def test_routes_that_look_the_same_are_shown_once(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_text(
        "server { listen 80; server_name a.test; root /srv; location / { try_files $uri /x$uri; } }"
    )
    door = Service(name="door", ports=(Port(target=80),))
    stack = Stack(name="t", root=tmp_path, services={"door": door}, front_door="door")
    rows = _rows(replace(stack, routes=read_routes(("site.conf",), stack)))
    assert len(rows) == len(set(rows)) > 1
