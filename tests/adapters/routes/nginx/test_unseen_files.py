"""What only a file says that the container alone has is not known, and not nginx's own answer."""

from pathlib import Path

import pytest

from stacktest.errors import UsageError
from tests.adapters.routes.front_doors import apps, leads, nginx, stack, who

UNSEEN = "which no mount shows"
NPM = """server {
  set $forward_scheme http; set $server "app"; set $port 8080;
  listen 80; listen [::]:80; server_name a.test;
  include conf.d/include/ssl-ciphers.conf;
  include conf.d/include/force-ssl.conf;
  location / {
    include conf.d/include/proxy.conf;
  }
  include /data/nginx/custom/server_proxy[.]conf;
}"""
"""A file that Nginx Proxy Manager makes."""


def test_a_location_whose_upstream_stands_in_an_unseen_file(tmp_path: Path) -> None:
    routes = nginx(tmp_path, NPM, stack(tmp_path, *apps("app")))
    assert leads(routes) == {"a.test": f"what conf.d/include/proxy.conf says, {UNSEEN}"}
    assert {r.unknown for r in routes if r.is_guard} == {
        f"what conf.d/include/force-ssl.conf says, {UNSEEN}"
    }


@pytest.mark.parametrize(
    ("line", "leads_to"),
    [
        ("location / { include snippets/*.conf; }", f"what snippets/*.conf says, {UNSEEN}"),
        ("include snippets/app.conf;", f"what snippets/app.conf says, {UNSEEN}"),
        ("location / { include proxy.conf; proxy_pass http://app; }", "app:80"),
        ("location / { include resolver.conf; proxy_pass http://app; }", "app:80"),
        ("include default.d/*.conf; location / { proxy_pass http://app; }", "app:80"),
    ],
)
def test_where_a_file_decides(line: str, leads_to: str, tmp_path: Path) -> None:
    text = f"server {{ listen 80; server_name a.test; {line} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert leads(routes) == {"a.test": leads_to}
    assert who(routes, "a.test") == (leads_to.partition(":")[0] if ":" in leads_to else None)


@pytest.mark.parametrize(
    ("entries", "leads_to"),
    [
        ("default app;", "the upstream depends on $up"),
        ("a.test app;", "app:80"),
    ],
)
def test_a_map_with_an_unseen_part(entries: str, leads_to: str, tmp_path: Path) -> None:
    text = f"""map $host $up {{ include maps/*.map; {entries} }}
server {{ listen 80; server_name a.test; location / {{ proxy_pass http://$up:80; }} }}"""
    assert leads(nginx(tmp_path, text, stack(tmp_path, *apps("app")))) == {"a.test": leads_to}


def test_a_file_that_ends_within_a_directive_is_named_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        nginx(tmp_path, "frontend f\n  bind *:80\n\n", stack(tmp_path))
    assert caught.value.what.endswith("it ends within a directive: no `;`")
    assert caught.value.where == "site.conf:2"
