"""Who answers by one directive: a cache, another method, an address that goes on with the path."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, leads, nginx, stack, who


@pytest.mark.parametrize(
    ("lines", "get", "post"),
    [
        ("location / { proxy_cache z; proxy_pass http://app; }", None, "app"),
        ("fastcgi_cache z; location / { fastcgi_pass app:9000; }", None, "app"),
        ("proxy_cache z; location / { proxy_cache off; proxy_pass http://app; }", "app", "app"),
        ("proxy_cache z; proxy_cache_methods POST; location / { proxy_pass http://app; }", None, None),
        ("location / { limit_except GET { proxy_pass http://web; } proxy_pass http://app; }", "app", "web"),
        ("location / { limit_except POST { proxy_pass http://web; } proxy_pass http://app; }", "web", "app"),
        ("location / { proxy_pass http://app:80$request_uri; }", "app", "app"),
        ("location / { set $up app; proxy_pass http://$up:80$uri$is_args$args; }", "app", "app"),
    ],
)  # fmt: skip
def test_who_answers(lines: str, get: str | None, post: str | None, tmp_path: Path) -> None:
    text = f"server {{ listen 80; server_name a.test; {lines} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    assert [who(routes, "a.test", method=m) for m in ("GET", "HEAD", "POST")] == [get, get, post]
    assert leads(routes)["a.test"].startswith("app:")


@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        ('auth_ldap "staff"; auth_ldap_servers one;', {401, 403}),
        ('auth_pam "staff";', {401, 403}),
        ("auth_digest staff;", {401, 403}),
        ("auth_oidc keycloak;", {302, 401, 403, 406}),
        ("modsecurity on;", {302, 401, 403, 406}),
        ("modsecurity off;", set()),
        ("auth_ldap off;", set()),
    ],
)
def test_what_asks_who_it_is_refuses_by_itself(
    line: str, statuses: set[int], tmp_path: Path
) -> None:
    text = f"server {{ listen 80; server_name a.test; {line} location / {{ proxy_pass http://app; }} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    asked = (200, 302, 401, 403, 406)
    assert {status for status in asked if who(routes, "a.test", status=status) is None} == statuses


def test_a_certificate_that_a_client_lacks_is_refused_by_nginx(tmp_path: Path) -> None:
    text = """server { listen 80; server_name a.test; ssl_verify_client on;
 location / { proxy_pass http://app; } }"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert [who(routes, "a.test", status=status) for status in (200, 400)] == ["app", None]


@pytest.mark.parametrize(
    "locations",
    [
        "location @a { try_files $uri @a; }",
        "location @a { try_files $uri @b; } location @b { try_files $uri @a; }",
        "location @a { error_page 404 = @b; return 404; } location @b { error_page 500 = @a; return 500; }",
        "location @a { try_files $uri /x; } location = /x { try_files $uri @a; }",
    ],
)
def test_a_redirect_in_a_circle_is_nobodys_answer(locations: str, tmp_path: Path) -> None:
    lines = f"location / {{ try_files $uri @a; }} {locations}"
    text = f"server {{ listen 80; server_name a.test; {lines} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert [who(routes, "a.test", "/x", status) for status in (200, 404, 500)] == [None] * 3


@pytest.mark.parametrize(
    ("lines", "is_known"),
    [
        ("try_files $uri @app; if ($http_origin) { add_header A b; }", False),
        ("try_files $uri @app; if ($http_origin) { set $a b; }", False),
        ("if ($http_origin) { break; } try_files $uri @app;", False),
        ("try_files $uri @app; if ($http_origin) { return 403; }", True),
        ("try_files $uri @app; if ($request_method = POST) { add_header A b; }", True),
        ("proxy_pass http://app; if ($http_origin) { add_header A b; }", True),
    ],
)
def test_within_an_if_try_files_does_not_apply(lines: str, is_known: bool, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    text = f"""server {{ listen 80; server_name a.test; root /site; location / {{ {lines} }}
 location @app {{ proxy_pass http://app; }} }}"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app"), mounts={"/site": "site"}))
    answers = {who(routes, "a.test", "/x", status, method="GET") for status in (200, 404, 405)}
    assert answers == {"app" if is_known else None}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("last", ["=404", "@app"])
def test_locations_that_try_one_another_in_millions_of_orders_take_no_minutes(
    last: str, tmp_path: Path
) -> None:
    blocks = "".join(
        f"location = /{name} {{ try_files $uri $uri/ {last}; }}" for name in "abcdefghi"
    )
    text = (
        "server { listen 80; server_name a.test; root /srv; index a b c d e f g h i; "
        f"{blocks} location @app {{ proxy_pass http://app:80; }} }}"
    )
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    assert who(routes, "a.test", "/a", 200) is None
