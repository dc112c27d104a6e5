"""Values that a `map` gives to a variable, as nginx chooses them."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Port
from tests.adapters.routes.front_doors import apps, leads, nginx, stack


@pytest.mark.parametrize(
    ("entries", "leads_to"),
    [
        ("hostnames; *.x.test web; a.x.test app;", "app"),
        ("hostnames; *.test web; *.x.test app;", "app"),
        ("hostnames; .test web; .x.test app;", "app"),
        ("hostnames; a.* web; *.test app;", "app"),
        ("~^a web; A.X.TEST app;", "app"),
        ("~^a app; ~x web;", "app"),
        ("*.x.test web; default app;", "app"),
        ("~^b web; default $other;", "app"),
        ("~^[[:alpha:]][.][[:lower:]] app; default web;", "app"),
        ("~^[^[:punct:]] web; default app;", None),
        ("~^\\pL web; default app;", None),
        ("default $backend;", None),
        ("default $request_uri;", None),
    ],
)
def test_the_entry_that_counts(entries: str, leads_to: str | None, tmp_path: Path) -> None:
    text = f"""map $host $backend {{ {entries} }}
map $host $other {{ default app; }}
server {{ listen 80; server_name a.x.test; location / {{ proxy_pass http://$backend:80; }} }}"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    why = "the upstream depends on $backend"
    assert leads(routes) == {"a.x.test": f"{leads_to}:80" if leads_to else why}


@pytest.mark.parametrize(
    ("chosen", "leads_to"),
    [
        ("^APP_", {"a.test": "app:80"}),
        ("", {"a.test": "app:80"}),
        (
            "^WEB_",
            {"${APP_HOST}": "the variable APP_HOST is not set in the front door's environment"},
        ),
    ],
)
def test_a_template_is_filled_with_the_variables_that_are_chosen(
    chosen: str, leads_to: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "site.conf.template").write_text(
        "server { listen 80; server_name ${APP_HOST}; location / { proxy_pass http://$APP_UP:80; } }"
    )
    environment = {"APP_HOST": "a.test", "APP_UP": "app", "NGINX_ENVSUBST_FILTER": chosen}
    of = stack(tmp_path, *apps("app"), environment=environment)
    assert leads(read_routes(("site.conf.template",), of)) == leads_to


@pytest.mark.parametrize(
    ("names", "host", "leads_to"),
    [
        ("a.test b.test", "b.test", "app:80"),
        ("b.test a.test", "a.test", "web:80"),
        ("~^x a.test", "a.test", "the upstream depends on $up"),
        (".a.test", "a.test", "the upstream depends on $up"),
    ],
)
def test_the_name_of_a_server_is_its_first(
    names: str, host: str, leads_to: str, tmp_path: Path
) -> None:
    text = f"""map $server_name $up {{ default web; a.test app; }}
server {{ listen 80; server_name {names}; location / {{ proxy_pass http://$up:80; }} }}"""
    assert leads(nginx(tmp_path, text, stack(tmp_path, *apps("app", "web"))))[host] == leads_to


@pytest.mark.parametrize(
    ("port", "leads_to"),
    [
        (Port(target=80, published=80), "app:80"),
        (Port(target=80), "app:80"),
        (Port(target=80, published=8080), "the upstream depends on $up"),
        (Port(target=8080, published=80), "app:80"),
    ],
)
def test_the_host_header_shows_a_port_that_clients_have_to_name(
    port: Port, leads_to: str, tmp_path: Path
) -> None:
    text = f"""map $http_host $up {{ default web; a.test app; }}
server {{ listen {port.target}; server_name a.test; location / {{ proxy_pass http://$up:80; }} }}"""
    of = stack(tmp_path, *apps("app", "web"), ports=(port,))
    assert leads(nginx(tmp_path, text, of)) == {"a.test": leads_to}
