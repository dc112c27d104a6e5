"""Servers and upstreams that a request from outside never reaches."""

from pathlib import Path

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.routing import Request, doubts
from tests.adapters.routes.front_doors import apps, leads, nginx, stack, who

SITES = """server { listen 127.0.0.1:80; server_name a.test; location / { proxy_pass http://inner; } }
server { listen [::1]:80 default_server; location / { stub_status; } }
server { listen [::]:80; server_name a.test; location / { proxy_pass http://app:8080; } }"""


def test_what_listens_for_the_container_alone_has_no_route(tmp_path: Path) -> None:
    of = stack(tmp_path, *apps("app", "inner"))
    assert leads(nginx(tmp_path, SITES, of)) == {"a.test": "app:8080"}


def test_in_the_network_of_the_host_it_is_reached(tmp_path: Path) -> None:
    of = stack(tmp_path, *apps("app", "inner"), definition={"network_mode": "host"}, ports=())
    assert leads(nginx(tmp_path, SITES, of))["a.test"] != "app:8080"


def test_a_server_of_an_upstream_that_is_down_is_not_asked(tmp_path: Path) -> None:
    text = """upstream both { server old:80 down; server app:80 max_fails=3; }
server { listen 80; server_name a.test; location / { proxy_pass http://both; } }"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app", "old")))
    assert {route.service for route in routes} == {"app"}


@pytest.mark.parametrize(
    ("server", "leads_to"),
    [
        (
            "listen 8080; server_name a.test;",
            {"a.test": "nginx has it at port 8080, which door does not publish"},
        ),
        (
            "listen 8080; server_name .a.test;",
            dict.fromkeys(
                ("a.test", "*.a.test"), "nginx has it at port 8080, which door does not publish"
            ),
        ),
        ("listen 8080; listen 80; server_name a.test;", {"a.test": "app:8080"}),
        ("listen 127.0.0.1:8080; server_name a.test;", {}),
        ("listen 8080; server_name localhost _;", {}),
    ],
)
def test_a_name_at_a_port_that_is_not_published_is_not_known(
    tmp_path: Path, server: str, leads_to: dict[str, str]
) -> None:
    text = f"server {{ {server} location / {{ proxy_pass http://app:8080; }} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert leads(routes) == leads_to
    assert all(route.where == "site.conf:1" for route in routes)


def test_a_name_of_any_domain_is_one_of_the_stacks_domain_too(tmp_path: Path) -> None:
    text = """server { listen 80; server_name wiki.*; location / { proxy_pass http://app:80; } }
server { listen 80; server_name wiki.x.test; location / { proxy_pass http://other:80; } }
server { listen 80; server_name files.*; location / { proxy_pass http://app:81; } }"""
    of = stack(tmp_path, *apps("app", "other"))
    assert leads(nginx(tmp_path, text, of)) == {
        "wiki.x.test": "other:80",
        "wiki.*": "app:80",
        "files.x.test": "app:81",
        "files.*": "app:81",
    }
    nowhere = leads(nginx(tmp_path, text, replace(of, domain="")))
    assert nowhere == {"wiki.x.test": "other:80", "wiki.*": "app:80", "files.*": "app:81"}


ONE, TWO = "location / { proxy_pass http://one; }", "location / { proxy_pass http://two; }"


@pytest.mark.parametrize(
    ("servers", "service"),
    [
        pytest.param(
            ("listen 80; server_name a.test;", "listen 10.0.0.1:80 default_server;"),
            None,
            id="the default of a more specific address",
        ),
        pytest.param(
            ("listen 80; server_name a.test;", "listen 10.0.0.1; server_name _;"),
            None,
            id="an address without a port",
        ),
        pytest.param(
            ("listen 10.0.0.1:80; server_name a.test;", "listen 80 default_server;"),
            None,
            id="the name at one of the addresses",
        ),
        pytest.param(
            ("listen 80; listen 10.0.0.1:80; server_name a.test;", "listen 10.0.0.1:80; server_name b;"),
            "one",
            id="the name at both",
        ),
        pytest.param(
            ("listen 80; server_name a.test;", "listen 10.0.0.1:8080 default_server;"),
            "one",
            id="another port",
        ),
        pytest.param(
            ("listen [::]:80; server_name a.test;", "listen 80 default_server; server_name _;"),
            "two",
            id="the name at IPv6 alone",
        ),
        pytest.param(
            ("listen 80; server_name a.test;", "listen 80 default_server; listen [::]:80 default_server;"),
            "one",
            id="the name at IPv4 alone",
        ),
        pytest.param(
            ("listen [::]:80 ipv6only=off; server_name a.test;", "listen [fd00::1]:80;"),
            "one",
            id="both families in one socket",
        ),
        pytest.param(
            ("listen 0.0.0.0:80; server_name a.test;", "listen *:80 default_server;"),
            "one",
            id="the same address in two forms",
        ),
    ],
)  # fmt: skip
def test_a_port_with_several_addresses_has_the_servers_of_the_most_specific_one(
    tmp_path: Path, servers: tuple[str, str], service: str | None
) -> None:
    text = f"server {{ {servers[0]} {ONE} }}\nserver {{ {servers[1]} {TWO} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("one", "two")))
    assert who(routes, "a.test") == service


def test_servers_that_lead_to_the_same_service_leave_no_doubt(tmp_path: Path) -> None:
    text = (
        f"server {{ listen 80; server_name a.test; {ONE} }}\nserver {{ listen 10.0.0.1:80; {ONE} }}"
    )
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("one")))
    assert who(routes, "a.test") == "one"


def test_the_doubt_names_the_line_of_the_other_server(tmp_path: Path) -> None:
    text = (
        f"server {{ listen 80; server_name a.test; {ONE} }}\nserver {{ listen 10.0.0.1:80; {TWO} }}"
    )
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("one", "two")))
    assert doubts(routes, Request(host="a.test", port=80), 200)["one"] == "site.conf:2"
