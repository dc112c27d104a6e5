"""Servers and upstreams that a request from outside never reaches."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, leads, nginx, stack

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
