"""Answers that Caddy gives in place of an upstream's, and those that it hands on."""

from pathlib import Path

import pytest

from stacktest.core.model import Port
from stacktest.core.routing import Request, answerers
from tests.adapters.routes.front_doors import apps, caddy, leads, stack, who

PAGE = "@late status 5xx\n  handle_response @late {{\n   {}\n  }}"


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ('respond "later" 200', 200),
        ("redir https://status.test", 302),
        ("root * /pages\n   file_server", 200),
        ("reverse_proxy other:1", 200),
        ("respond {http.intercept.status_code}", 200),
    ],
)
@pytest.mark.parametrize("where", ["intercept", "reverse_proxy"])
def test_what_caddy_answers_in_place_of_an_upstream_is_nobodys(
    where: str, inner: str, status: int, tmp_path: Path
) -> None:
    block = "{\n  " + PAGE.format(inner) + "\n }"
    intercept = f"intercept {block}\n " if where == "intercept" else ""
    proxy = f"reverse_proxy app:1 {'' if intercept else block}"
    text = f"http://a.test {{\n {intercept}{proxy}\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "other")))
    assert who(routes, "a.test", status=status) is None
    if inner.startswith("redir") or "later" in inner:
        assert who(routes, "a.test", status=404) == "app"


def test_an_answer_that_is_handed_on_is_the_upstreams(tmp_path: Path) -> None:
    text = (
        "http://a.test {\n reverse_proxy app:1 {\n  @well status 2xx\n"
        "  handle_response @well {\n   copy_response_headers\n   copy_response\n  }\n }\n}"
    )
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app"))), "a.test") == "app"


def test_an_answer_that_lets_the_request_go_on_is_nobodys(tmp_path: Path) -> None:
    text = (
        "http://a.test {\n reverse_proxy app:1 {\n  @well status 2xx\n"
        "  handle_response @well {\n   request_header X-User me\n  }\n }\n respond late\n}"
    )
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app"))), "a.test") is None


@pytest.mark.parametrize(
    ("proxy", "leads_to"),
    [
        ("tcp/app:1", "app:1"),
        ("tcp4/app:1", "app:1"),
        ("{\n dynamic a app 1\n}", "app:1"),
        ("{\n dynamic srv app\n}", "the upstream depends on {srv app}"),
        ("{\n dynamic docker app\n}", "the upstream depends on {docker app}"),
        ("{\n dynamic multi {\n a app 1\n}\n}", "the upstream depends on {multi}"),
    ],
)
def test_where_an_upstream_is_looked_up(proxy: str, leads_to: str, tmp_path: Path) -> None:
    text = f"http://a.test {{\n reverse_proxy {proxy}\n}}"
    assert leads(caddy(tmp_path, text, stack(tmp_path, *apps("app")))) == {"a.test": leads_to}


LAYER4 = (
    "{{\n {}\n}}\na.test {{\n reverse_proxy app:1\n}}\nhttp://b.test {{\n reverse_proxy app:1\n}}"
)


@pytest.mark.parametrize(
    ("options", "a", "b"),
    [
        ("layer4 {\n :443 {\n route {\n proxy web:443\n}\n}\n}", None, "app"),
        ("layer4 {\n :22 {\n route {\n proxy web:22\n}\n}\n}", "app", "app"),
        ("servers :443 {\n listener_wrappers {\n layer4 {\n}\n tls\n}\n}", None, "app"),
        ("servers {\n listener_wrappers {\n layer4 {\n}\n tls\n}\n}", None, None),
        ("servers {\n listener_wrappers {\n proxy_protocol\n tls\n}\n}", "app", "app"),
    ],
)
def test_what_hands_connections_on_goes_before_every_site(
    options: str, a: str | None, b: str | None, tmp_path: Path
) -> None:
    routes = caddy(tmp_path, LAYER4.format(options), stack(tmp_path, *apps("app", "web")))
    assert (who(routes, "a.test", port=443), who(routes, "b.test", port=80)) == (a, b)


@pytest.mark.parametrize(
    ("options", "bind", "service"),
    [
        ("", "bind 127.0.0.1 [::1]", "app"),
        ("", "bind localhost", "app"),
        ("", "bind unix//run/web.sock", "app"),
        ("{\n default_bind ::1\n}\n", "", "app"),
        ("{\n default_bind ::1\n}\n", "bind 0.0.0.0", "web"),
        ("", "bind 127.0.0.1 0.0.0.0", "web"),
    ],
)
def test_a_site_for_the_container_alone_is_asked_by_nobody(
    options: str, bind: str, service: str, tmp_path: Path
) -> None:
    text = (
        f"{options}http://a.test {{\n {bind}\n reverse_proxy web:1\n}}\n"
        ":80 {\n bind 0.0.0.0\n reverse_proxy app:1\n}\n"
    )
    of = stack(tmp_path, *apps("app", "web"))
    assert who(caddy(tmp_path, text, of), "a.test" if service == "web" else "x.test") == service
    host = stack(tmp_path, *apps("app", "web"), definition={"network_mode": "host"})
    assert leads(caddy(tmp_path, text, host))["a.test"] == "web:1"


@pytest.mark.parametrize(
    ("bind", "length", "service"),
    [
        ("bind 0.0.0.0", 0, None),
        ("bind 10.0.0.7 10.0.0.8", 0, None),
        ("bind 10.0.0.7", 12, "app"),
        ("bind 127.0.0.1", 0, "app"),
        ("", 0, "app"),
    ],
)
def test_an_address_of_its_own_for_a_site_is_a_server_without_the_others(
    bind: str, length: int, service: str | None, tmp_path: Path
) -> None:
    text = (
        "http://a.test {\n reverse_proxy app:1\n}\n"
        f"http://b.test {{\n {bind}\n reverse_proxy app:1\n}}\n"
    )
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app")))
    request = Request(host="a.test", port=80, method="GET", length=length)
    assert answerers(routes, request, 200) == {service, "app"}
    assert answerers(routes, request, 404) == {"app"}


def test_the_same_host_at_two_addresses_may_be_either(tmp_path: Path) -> None:
    site = "http://a.test {{\n bind {}\n reverse_proxy {}:1\n}}\n"
    text = site.format("10.0.0.7", "app") + site.format("10.0.0.8", "web")
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app", "web"))), "a.test") is None
    text = site.format("10.0.0.7", "app") + site.format("10.0.0.8", "app")
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app", "web"))), "a.test") == "app"


@pytest.mark.parametrize(
    ("first", "services"),
    [
        ("handle /api/* {\n  respond /api/none 204\n }", ["web", None]),
        ("handle_path /api/* {\n  reverse_proxy /v1/* app:1\n }", ["web", None]),
        ("@get {\n  path /api/*\n  method GET\n }\n handle @get {\n  header X y\n }", [None, None]),
        ("handle {\n  header X y\n }", [None, None]),
    ],
)  # fmt: skip
def test_of_handles_only_the_first_that_fits_is_taken(
    first: str, services: list[str | None], tmp_path: Path
) -> None:
    text = f"http://a.test {{\n {first}\n handle {{\n  reverse_proxy web:1\n }}\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    assert [who(routes, "a.test", path) for path in ("/x", "/api/x")] == services


@pytest.mark.parametrize(
    ("sites", "host", "service"),
    [
        ("a.test", "a.test", None),
        ("*.a.test", "b.a.test", None),
        ("a.test, http://a.test", "a.test", "web"),
        ("{\n auto_https disable_redirects\n}\na.test", "a.test", "app"),
    ],
)
@pytest.mark.parametrize("rest", [":80", "http://"])
def test_the_way_to_https_goes_before_a_site_without_a_name(
    rest: str, sites: str, host: str, service: str | None, tmp_path: Path
) -> None:
    matched = "@b host b.a.test\n reverse_proxy @b web:1" if "*" in sites else "reverse_proxy web:1"
    text = f"{sites} {{\n {matched}\n}}\n{rest} {{\n reverse_proxy app:1\n}}\n"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    assert who(routes, host) == who(routes, host, status=308) == service
    assert who(routes, host, port=443) == "web"


@pytest.mark.parametrize(
    ("address", "port", "leads_to"),
    [
        ("a.test", 80, "Caddy has it at port 443, which door does not publish"),
        ("http://a.test", 443, "Caddy has it at port 80, which door does not publish"),
        ("a.test, http://a.test", 80, "app:1"),
        ("a.test", 443, "app:1"),
        # Other containers ask at a port of their own.
        ("a.test:9000", 443, None),
        ("http://app.test:9000", 443, None),
    ],
)
def test_a_name_at_a_port_that_is_not_published_is_not_known(
    address: str, port: int, leads_to: str | None, tmp_path: Path
) -> None:
    of = stack(tmp_path, *apps("app"), ports=(Port(target=port, published=port),))
    routes = caddy(tmp_path, f"{address} {{\n reverse_proxy app:1\n}}\n", of)
    assert leads(routes).get("a.test") == leads_to
    assert all(route.where == "Caddyfile:1" for route in routes if route.unknown)


@pytest.mark.parametrize(
    ("lines", "path", "service"),
    [
        ("route {{\n uri strip_prefix /d\n}}\n{}", "/d/x", None),
        ("route {{\n uri strip_prefix /d\n reverse_proxy web:1\n}}\n{}", "/d/x", "web"),
        ("handle /d* {{\n rewrite * /y\n}}\n{}", "/d/x", None),
        ("handle /e* {{\n rewrite * /y\n}}\n{}", "/d/x", "app"),
        ("handle_path /d/* {{\n reverse_proxy /z web:1\n}}\n{}", "/d/x", None),
        ("handle_path /e/* {{\n reverse_proxy /z web:1\n}}\n{}", "/d/x", "app"),
        ("method POST\n@get method GET\nrespond @get 200\n{}", "/d/x", None),
        ("method /e* POST\n@get method GET\nreverse_proxy @get web:1\n{}", "/d/x", None),
        ("route {{\n method POST\n}}\n@get method GET\nreverse_proxy @get web:1\n{}", "/d/x", None),
        ("method POST\n{}", "/d/x", "app"),
    ],
)
def test_what_a_block_leaves_to_those_behind_it(
    lines: str, path: str, service: str | None, tmp_path: Path
) -> None:
    rest = "reverse_proxy /d* app:1\n reverse_proxy other:1"
    text = f"http://a.test {{\n {lines.format(rest)}\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "web", "other")))
    assert who(routes, "a.test", path, method="GET") == service


@pytest.mark.parametrize(
    ("first", "second", "host", "service"),
    [
        (":80, http://b.a.test", "http://*.a.test", "c.a.test", "app"),
        ("http://*.a.test", ":80, http://b.a.test", "c.a.test", "web"),
        ("http://*.test, http://*.very.long.test", "http://a.test, http://b.*", "a.test", "app"),
        ("http://*.test, http://*.very.long.test", "http://a.test", "a.test", "web"),
        ("http://*.*.test", ":80", "b.a.test", "app"),
        ("http://b.a.test", "http://*.a.test", "b.a.test", "app"),
        (":80", "http://a.test", "a.test", "web"),
    ],
)
def test_a_site_goes_by_the_longest_of_its_names(
    first: str, second: str, host: str, service: str, tmp_path: Path
) -> None:
    text = f"{first} {{\n reverse_proxy app:1\n}}\n{second} {{\n reverse_proxy web:1\n}}\n"
    text += "http://c.a.test/never, http://a.test/never, http://b.a.test/never {\n respond 200\n}\n"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    assert who(routes, host) == service


def test_an_address_of_nothing_beside_one_with_a_path_is_lost(tmp_path: Path) -> None:
    text = "http://a.test/x, :80 {\n reverse_proxy app:1\n}\n"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app")))
    assert [who(routes, "a.test", path) for path in ("/x", "/y")] == ["app", None]


SIGN_IN, APP = "forward_auth other:1 {\n uri /v\n", " reverse_proxy app:1"


@pytest.mark.parametrize(
    ("lines", "path", "status", "service"),
    [
        ("handle * {\n reverse_proxy app:1\n }\n handle /api/* {\n reverse_proxy other:1\n }",
         "/api/x", 200, "other"),
        ("reverse_proxy * app:1\n reverse_proxy /api/* other:1", "/api/x", 200, "other"),
        # Which of them comes first is a matter of the version.
        ("handle /docs {\n reverse_proxy app:1\n }\n handle /docs* {\n reverse_proxy other:1\n }",
         "/docs", 200, None),
        ("handle_path /docs {\n reverse_proxy app:1\n }\n handle /docs* {\n reverse_proxy other:1\n }",
         "/docs", 200, None),
        ("reverse_proxy /docs app:1\n reverse_proxy /docs* other:1", "/docs/x", 200, "other"),
        ("route {\n reverse_proxy /docs app:1\n reverse_proxy /docs* other:1\n }", "/docs", 200, "app"),
        ("handle /docs {\n reverse_proxy app:1\n }\n handle /docs/* {\n reverse_proxy other:1\n }",
         "/docs", 200, "app"),
        (f"{SIGN_IN} @no status 403\n handle_response @no {{\n reverse_proxy other:2\n }}\n }}\n{APP}",
         "/", 200, None),
        (f"{SIGN_IN} handle_response {{\n respond in 200\n }}\n }}\n{APP}", "/", 200, None),
        (f"{SIGN_IN} copy_headers X-User\n }}\n{APP}", "/", 200, "app"),
    ],
)  # fmt: skip
def test_who_answers_where_directives_are_sorted_or_a_sign_in_is_handled(
    lines: str, path: str, status: int, service: str | None, tmp_path: Path
) -> None:
    routes = caddy(
        tmp_path, f"http://a.test {{\n {lines}\n}}", stack(tmp_path, *apps("app", "other"))
    )
    assert who(routes, "a.test", path, status) == service


@pytest.mark.parametrize(
    ("text", "port"),
    [
        (":443 {{\n {}\n}}", 443),
        ("{{\n auto_https off\n}}\nx.test {{\n {}\n}}", 443),
        ("{{\n https_port 8443\n}}\n:8443 {{\n {}\n}}", 8443),
        (":8080 {{\n {}\n}}", 8080),
        ("http://:443 {{\n {}\n}}", 443),
    ],
)
def test_at_its_port_for_https_caddy_speaks_tls_without_a_certificate(
    text: str, port: int, tmp_path: Path
) -> None:
    ports = tuple(Port(target=number, published=number) for number in (80, 443, 8080, 8443))
    routes = caddy(
        tmp_path, text.format("reverse_proxy app:1"), stack(tmp_path, *apps("app"), ports=ports)
    )
    request = Request(host="x.test", port=port, method="GET", tls=False)
    is_plain = text.startswith((":8080", "http:"))
    assert answerers(routes, request, 400) == {"app" if is_plain else None}
