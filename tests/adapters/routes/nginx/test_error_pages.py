"""What nginx answers by itself where a page takes the place of a failure."""

from pathlib import Path

import pytest

from stacktest.core.route import Route
from tests.adapters.routes.front_doors import apps, nginx, stack, who

APP = "proxy_pass http://app;"


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        ("error_page 502 /down; location /down { return 302 /x; }", {302}),
        ("error_page 502 @down; location @down { return 302 https://status.test/; }", {302}),
        ("error_page 502 @down; location @down { return 404; }", {404}),
        ("error_page 502 @down; location @down { deny all; root /site; }", {403}),
        ("error_page 502 @down; location @down { root /site; rewrite ^ /down.html break; }", {405}),
        ("error_page 502 @down; location @down { root /site; try_files /none.html =404; }", {404}),
        ("error_page 502 =503 /down; location /down { return 410; }", {410}),
        ("error_page 502 /none.html; location = /none.html { root /site; }", {404}),
        ("error_page 502 /sub; location /sub { root /site; }", {301}),
        ("error_page 502 /sub/; location /sub/ { root /site; }", {403}),
        ("error_page 403 @in; deny all; location @in { return 307 https://auth.test/; }", {307}),
    ],
)
def test_an_answer_in_place_of_the_page_is_nobodys(
    lines: str, statuses: set[int], tmp_path: Path
) -> None:
    routes = site(tmp_path, f"{lines} location / {{ {APP} }}")
    assert [who(routes, "a.test", "/x", status) for status in statuses] == [None] * len(statuses)
    assert who(routes, "a.test", "/x", 200) == "app"


def test_a_page_by_itself_has_the_status_that_its_location_gives(tmp_path: Path) -> None:
    auth = "location = /auth { internal; proxy_pass http://app; }"
    page = "error_page 401 = @in; location @in { internal; return 302 https://auth.test/; }"
    routes = site(tmp_path, f"{page} {auth} location / {{ auth_request /auth; {APP} }}")
    assert [who(routes, "a.test", "/x", status) for status in (200, 302)] == ["app", None]


@pytest.mark.parametrize(
    "lines",
    [
        "error_page 500 502 503 504 /50x.html; location = /50x.html { root /usr/share/nginx/html; }",
        "error_page 502 /down.html; location = /down.html { root /site; }",
        "error_page 502 /index/; location /index/ { root /site; index page.html; }",
        "error_page 502 @down; location @down { root /site; rewrite ^ /down.html break; }",
        "error_page 502 @down; location @down { return 200 later; }",
        "error_page 404 =200 /down.html; location = /down.html { root /site; }",
        "error_page 404 = @spa; location @spa { root /site; }",
    ],
)
def test_an_upstreams_answers_stay_its_own_beside_a_page_that_works(
    lines: str, tmp_path: Path
) -> None:
    routes = site(tmp_path, f"{lines} location / {{ {APP} }}")
    assert [who(routes, "a.test", "/x", status) for status in (200, 302, 403, 404)] == ["app"] * 4


@pytest.mark.parametrize(
    "block",
    [
        f"proxy_intercept_errors on; {APP}",
        f"if ($http_x_none) {{ return 404; }} {APP}",
        "root /site; try_files $uri =404;",
    ],
)
def test_a_failure_that_can_be_nginxs_own_makes_the_pages_status_nobodys(
    block: str, tmp_path: Path
) -> None:
    page = "error_page 404 =200 /down.html; location = /down.html { root /site; }"
    routes = site(tmp_path, f"{page} location / {{ {block} }}")
    assert who(routes, "a.test", "/x", 200) is None


# Private


def site(root: Path, lines: str) -> tuple[Route, ...]:
    for name in ("down.html", "index/page.html", "sub/other.html"):
        (root / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "site" / name).write_text("<p>")
    of = stack(root, *apps("app"), mounts={"/site": "site"})
    return nginx(root, f"server {{ listen 80; server_name a.test; {lines} }}", of)


@pytest.mark.parametrize(
    ("recursive", "inner", "services"),
    [
        ("on", "error_page 404 = @b; return 404;", [None, None]),
        ("off", "error_page 404 = @b; return 404;", ["app", None]),
        ("on", "root /site;", ["app", "app"]),
        ("on", "return 404;", ["app", None]),
        ("on", "error_page 502 @b; proxy_pass http://away;", [None, None]),
    ],
)
def test_a_page_that_fails_itself_may_have_a_page(
    recursive: str, inner: str, services: list[str | None], tmp_path: Path
) -> None:
    lines = f"""recursive_error_pages {recursive}; error_page 502 @a;
location @a {{ {inner} }} location @b {{ proxy_pass http://other; }} location / {{ {APP} }}"""
    routes = site(tmp_path, lines)
    assert [who(routes, "a.test", "/x", status) for status in (200, 404)] == services


@pytest.mark.parametrize(
    ("exact", "expected"), [("error_page 404 = @b; return 404;", None), ("return 404;", "app")]
)
def test_the_page_of_a_page_is_that_of_the_location_which_nginx_selects(
    exact: str, expected: str | None, tmp_path: Path
) -> None:
    lines = f"""recursive_error_pages on; error_page 502 /down;
location = /down {{ {exact} }} location /down {{ error_page 500 @b; root /site; }}
location @b {{ proxy_pass http://other; }} location / {{ {APP} }}"""
    assert who(site(tmp_path, lines), "a.test", "/x", 200) == expected
