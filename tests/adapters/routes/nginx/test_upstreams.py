"""Whom nginx asks by the name of an `upstream`, and what is not known of one."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, leads, nginx, stack, who

SITE = "server { listen 80; server_name a.test; location / { proxy_pass http://app; } }"
UNSEEN = "which no mount shows"


@pytest.mark.parametrize(
    ("upstream", "leads_to"),
    [
        ("upstream app { include servers.inc; }", f"what servers.inc says, {UNSEEN}"),
        ("upstream app { include up/*.conf; }", f"what up/*.conf says, {UNSEEN}"),
        ("upstream app { zone app 64k; }", "the upstream app has no server that nginx asks"),
        ("upstream app { server app:1 down; }", "the upstream app has no server that nginx asks"),
        ("upstream APP { server web:1; }", "web:1"),
        ("upstream other { include servers.inc; }", "app:80"),
        ("include blocks.inc;", f"what blocks.inc says, {UNSEEN}"),
        ("include blocks/*.conf;", "app:80"),
    ],
)
def test_what_a_name_means(upstream: str, leads_to: str, tmp_path: Path) -> None:
    routes = nginx(tmp_path, f"{upstream}\n{SITE}", stack(tmp_path, *apps("app", "web")))
    assert leads(routes) == {"a.test": leads_to}
    assert who(routes, "a.test") == (leads_to.partition(":")[0] if ":" in leads_to else None)
    if not routes[0].service:
        assert routes[0].where == "site.conf:1"


def test_a_part_of_the_servers_is_not_seen(tmp_path: Path) -> None:
    text = f"upstream app {{ server app:1;\n include servers.inc; }}\n{SITE}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert who(routes, "a.test") is None
    assert [r.where for r in routes if r.unknown] == ["site.conf:2"]


def test_a_name_that_no_service_has_may_be_in_a_file_that_is_not_seen(tmp_path: Path) -> None:
    text = SITE.replace("//app", "//backend")
    of = stack(tmp_path, *apps("app"))
    assert leads(nginx(tmp_path, text, of)) == {"a.test": "http://backend"}
    routes = nginx(tmp_path, f"include blocks/*.conf;\n{text}", of)
    assert leads(routes) == {"a.test": f"what blocks/*.conf says, {UNSEEN}"}
    modules = "include modules/*.conf; events { }"
    assert leads(nginx(tmp_path, f"{modules} http {{ {text} }}", of)) == {
        "a.test": "http://backend"
    }


def test_upstreams_of_connections_are_not_those_of_requests(tmp_path: Path) -> None:
    text = f"""events {{ }}
http {{ upstream app {{ server web:1; }} {SITE} }}
stream {{
  upstream app {{ server db:5432; }}
  map $ssl_preread_server_name $up {{ b.test app; }}
  server {{ listen 443; proxy_pass $up; ssl_preread on; }}
}}"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("web", "db")))
    assert leads(routes) == {"a.test": "web:1", "b.test": "db:5432"}


def test_a_program_chooses_the_server(tmp_path: Path) -> None:
    text = f"upstream app {{ server app:1;\n balancer_by_lua_block {{ x }} }}\n{SITE}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert who(routes, "a.test") is None
    assert {route.where for route in routes if route.unknown} == {"site.conf:2"}
