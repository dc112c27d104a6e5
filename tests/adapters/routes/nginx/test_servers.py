"""Servers and upstreams that a request from outside never reaches."""

from pathlib import Path

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
