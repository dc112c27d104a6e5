"""Values that a `map` gives to a variable, as nginx chooses them."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
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
