import re
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import NOT_2XX, STATIC_FILE, Listener, PathCondition, Route
from stacktest.core.routing import (
    Request,
    answerers,
    covers,
    doubts,
    inner_port,
    origin,
    route_rows,
)
from tests.support.routed import service_behind

HTTPS, HTTP = Listener(port=443, tls=True), Listener(port=80, tls=False)


def below(path: str, *, negated: bool = False, level: int = 0) -> tuple[PathCondition, ...]:
    return (PathCondition(patterns=(f"(?i)^{re.escape(path)}",), negated=negated, level=level),)


def host(name: str, *steps: Route, **common: Any) -> tuple[Route, ...]:
    return tuple(
        replace(step, host=name, order=place, **common) for place, step in enumerate(steps)
    )


def to(service: str | None, **what: Any) -> Route:
    return Route(host="", service=service, upstream=f"{service}:1" if service else "", **what)


def guard(*statuses: int, **what: Any) -> Route:
    return Route(host="", statuses=frozenset(statuses), is_final=False, is_guard=True, **what)


ROUTES = (
    *host("a.test", to(None, conditions=below("/health")), to("api", conditions=below("/api/")), to("web")),
    *host("ws.test", to("app", is_hidden=True), to("app")),
    *host("two.test", to("other", is_hidden=True), to("app")),
    *host("lb.test", to("one", is_final=False), to("two")),
    *host("self.test", to(None)),
    *host("*.wild.test", to("wild")),
    *host("*.deep.test", to("deep"), is_deep=True),
    *host("mail.*", to("mail")),
    *host("~^(?<n>x|y)[0-9]+\\.re\\.test$", to("re")),
    *host("basic.test", guard(401), to("app")),
    *host("sso.test", replace(to("auth"), statuses=NOT_2XX, is_final=False, is_guard=True), to("app")),
    *host("post.test", to(None, methods=frozenset({"POST"})), to("app")),
    *host("not.test", to("app", conditions=below("/admin", negated=True)), to("admin")),
    *host("old.test", guard(rewrites=0, conditions=below("/old")), to("api", conditions=below("/api")), to("web")),
    *host("in.test", guard(rewrites=1, conditions=below("/api")), to("api", conditions=below("/api")), to("web")),
    *host("php.test", replace(guard(*STATIC_FILE), files="/srv", is_final=True), to("php")),
    *host("far.test", replace(guard(*STATIC_FILE), files="", is_final=True), to("php")),
    *host("gone.test", to("app", conditions=(PathCondition(patterns=("(?#unreadable",)),)), to("app2")),
)  # fmt: skip


def test_an_address_means_the_routes_that_hold_without_a_name() -> None:
    named = (*host("localhost", to("web")), *host("a.test", to("app")))
    assert service_behind(named, host="127.0.0.1") is None
    nameless = (
        *host("localhost", to("web"), holds_for_addresses=True),
        *host("~.*", to("app")),
    )
    for address in ("127.0.0.1", "::1", "192.168.7.7"):
        assert service_behind(nameless, host=address) == "web"
    assert service_behind(nameless, host="localhost") == "web"
    assert service_behind(nameless, host="other.test") == "app"


def test_localhost_is_asked_at_the_published_port() -> None:
    doors = {8000: ("127.0.0.1", 18000)}
    routes = host("localhost", to("web"), listeners=(Listener(port=8000, tls=False),))
    assert origin(doors, "localhost", routes) == "http://localhost:18000"
    named = host("a.test", to("web"), listeners=(Listener(port=8000, tls=False),))
    assert origin(doors, "a.test", named) == "http://a.test:8000"


@pytest.mark.parametrize(
    ("name", "path", "status", "expected"),
    [
        ("a.test", "/", 200, "web"),
        ("A.test.", "/", 200, "web"),
        ("a.test", "/api/v1", 404, "api"),
        ("a.test", "/API/v1", 404, "api"),
        ("a.test", "/%61pi/v1", 404, None),
        ("a.test", "//api/v1", 404, None),
        ("a.test", "/x/../api/v1", 404, None),
        ("a.test", "/apix", 200, "web"),
        ("a.test", "/health", 200, None),
        ("a.test", "/", 413, None),
        ("a.test", "/", 502, None),
        ("a.test", "/", 503, None),
        ("a.test", "/", 504, None),
        ("a.test", "/", 500, "web"),
        ("ws.test", "/", 200, "app"),
        ("two.test", "/", 200, None),
        ("lb.test", "/", 200, None),
        ("self.test", "/", 200, None),
        ("x.wild.test", "/", 200, "wild"),
        ("y.x.wild.test", "/", 200, None),
        ("y.x.deep.test", "/", 200, "deep"),
        ("mail.x.test", "/", 200, "mail"),
        ("mail.", "/", 200, None),
        ("x7.re.test", "/", 200, "re"),
        ("z7.re.test", "/", 200, None),
        ("unknown.test", "/", 200, None),
        ("basic.test", "/", 401, None),
        ("basic.test", "/", 200, "app"),
        ("sso.test", "/", 302, None),
        ("sso.test", "/", 200, "app"),
        ("not.test", "/x", 200, "app"),
        ("not.test", "/admin", 200, "admin"),
        ("old.test", "/old", 200, None),
        ("old.test", "/api", 200, "api"),
        ("in.test", "/api", 200, "api"),
        ("gone.test", "/", 200, None),
    ],
)
def test_who_answered(name: str, path: str, status: int, expected: str | None) -> None:
    assert service_behind(ROUTES, host=name, path=path, status=status) == expected


@pytest.mark.parametrize(
    ("method", "expected"), [("GET", "app"), ("POST", None), ("post", None), (None, None)]
)
def test_a_method_that_the_door_answers_by_itself(method: str | None, expected: str | None) -> None:
    assert service_behind(ROUTES, host="post.test", method=method) == expected


def file_kind(folder: str, path: str) -> str:
    assert folder == "/srv"
    return {"/style.css": "file", "/img": "folder"}.get(path, "")


@pytest.mark.parametrize(
    ("name", "path", "status", "expected"),
    [
        ("php.test", "/style.css", 200, None),
        ("php.test", "/%73tyle.css", 200, None),
        ("php.test", "/other", 200, "php"),
        ("far.test", "/other", 200, None),
        ("far.test", "/other", 302, "php"),
    ],
)
def test_files_that_the_door_serves(
    name: str, path: str, status: int, expected: str | None
) -> None:
    answered = service_behind(ROUTES, host=name, path=path, status=status, file_kind=file_kind)
    assert answered == expected


def test_without_a_look_at_the_files_every_path_may_be_one() -> None:
    assert service_behind(ROUTES, host="php.test", path="/other") is None
    assert service_behind(ROUTES, host="php.test", path="/other", status=302) == "php"


def test_who_else_may_have_answered() -> None:
    routes = (
        Route(host="a.test", where="f:1", statuses=frozenset({401}), is_final=False, is_guard=True),
        Route(host="a.test", service="web", upstream="web:1", where="f:2", order=1),
    )
    request = Request(host="a.test")
    assert doubts(routes, request, 401) == {"web": "f:1"}
    assert doubts(routes[:1], request, 401) == doubts(routes, request, 200) == {}
    assert doubts([replace(routes[1], is_hidden=True)], request, 200) == {"web": ""}
    assert doubts(routes, request, 502) == doubts(routes, Request(host="b.test"), 200) == {}


def test_each_port_has_its_own_answers() -> None:
    routes = (
        *host("a.test", to("web"), listeners=(HTTPS,)),
        *host("a.test", to(None), listeners=(HTTP,)),
    )
    assert service_behind(routes, host="a.test", port=443) == "web"
    assert service_behind(routes, host="a.test", port=80) is None
    assert service_behind(routes, host="a.test", port=8080) is None


def test_a_star_covers_one_label() -> None:
    assert covers("*.a.test", "x.a.test")
    assert not covers("*.a.test", "a.test")
    assert not covers("*.a.test", "y.x.a.test")
    assert covers("a.test", "a.test")
    assert not covers("~(unreadable", "a.test")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ((443, 80), "https://a.test"),
        ((), "https://a.test"),
        ((80,), "http://a.test"),
        ((8080,), "http://a.test:8080"),
        ({8443: ("127.0.0.1", 443), 8080: ("127.0.0.1", 80)}, "https://a.test"),
        ({8080: ("127.0.0.1", 80)}, "http://a.test"),
    ],
)
def test_the_address_of_a_host(ports: Any, expected: str) -> None:
    assert origin(ports, "a.test") == expected


def test_routes_say_by_which_port_a_service_is_reached() -> None:
    routes = (
        *host("a.test", to("web"), listeners=(Listener(port=8443, tls=True),)),
        *host("b.test", to("web"), listeners=(HTTP,)),
    )
    assert origin({8443: ("127.0.0.1", 18443)}, "a.test", routes) == "https://a.test:8443"
    assert origin({443: ("::1", 443), 80: ("::1", 80)}, "b.test", routes) == "http://b.test"
    assert origin({80: ("::1", 80)}, "fd00::1") == "http://[fd00::1]"


def test_the_doors_port_behind_that_of_an_address() -> None:
    doors = {8443: ("127.0.0.1", 443)}
    assert [inner_port(doors, port) for port in (443, 8443, 80)] == [8443, 8443, None]


def test_what_is_compared_of_a_route(tmp_path: Path) -> None:
    before = Stack(
        name="t", root=tmp_path, services={}, routes=host("c.test", to("cal"), basis="x")
    )
    after = replace(before, routes=host("c.test", to("watch"), basis="x"))
    assert route_rows(before, "cal") != route_rows(after, "cal")
    assert route_rows(before, "cal") == {"c.test": "|cal\nx"}
    assert route_rows(before, "other") == {}


def test_a_route_shows_no_configuration() -> None:
    assert "secret" not in repr(Route(host="a.test", basis="header Authorization secret"))


UNUSUAL = [
    ("TRACE", "/"),
    ("CONNECT", "/"),
    ("trace", "/"),
    ("GET", "/%00"),
    ("GET", "/x%0d%0aX:%20y"),
    ("GET", "/%zz"),
    ("GET", "/%"),
    ("GET", "/a%2"),
    ("GET", "/.."),
    ("GET", "/../x"),
    ("GET", "/a/../../x"),
    ("GET", "/%2e%2e/etc/passwd"),
    ("GET", "/a/%2e%2e%2f..%2fx"),
    ("GET", "//../x"),
]


@pytest.mark.parametrize(("method", "path"), UNUSUAL)
@pytest.mark.parametrize(
    ("status", "is_known"), [(400, False), (405, False), (501, False), (200, True), (404, True)]
)
def test_what_a_door_refuses_to_pass_on_is_its_own_refusal(
    method: str, path: str, status: int, *, is_known: bool
) -> None:
    """nginx answers each of these by itself, with an application that is dead."""
    routes = (Route(host="app.test", service="app", upstream="app:1"),)
    request = Request(host="app.test", path=path, method=method)
    is_known = is_known and method == "GET"
    assert answerers(routes, request, status) == {"app" if is_known else None}
    assert doubts(routes, request, status) == {}


@pytest.mark.parametrize(("head", "is_known"), [(0, True), (8000, True), (30000, False)])
def test_a_refusal_of_headers_that_a_door_may_not_accept_is_its_own(
    head: int, *, is_known: bool
) -> None:
    routes = (Route(host="app.test", service="app", upstream="app:1"),)
    request = Request(host="app.test", head=head)
    assert answerers(routes, request, 400) == {"app" if is_known else None}
    assert answerers(routes, request, 200) == {"app"}


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PROPFIND", None])
@pytest.mark.parametrize(
    "path", ["/", "", "/a/../b", "/a/%2e%2e/b", "/a..b", "/%C3%A4", "/%2F", "/a//../b", "/x;y=1"]
)
@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_refusal_of_what_every_door_passes_on_is_the_applications(
    method: str | None, path: str, status: int
) -> None:
    routes = (Route(host="app.test", service="app", upstream="app:1"),)
    assert answerers(routes, Request(host="app.test", path=path, method=method), status) == {"app"}


@pytest.mark.parametrize(("tls", "service"), [(True, "app"), (False, "web"), (None, "app")])
def test_of_two_listeners_at_one_port_the_one_that_speaks_the_same(
    tls: bool | None, service: str
) -> None:
    plain, secure = (Listener(port=80, tls=flag) for flag in (False, True))
    routes = (
        *host("a.test", to("app"), listeners=(secure, HTTPS)),
        *host("a.test", to("web"), listeners=(plain,)),
    )
    request = Request(host="a.test", port=80, tls=tls)
    assert answerers(routes, request, 200) == {service}
    assert answerers(routes[:1], request, 200) == {"app"}


@pytest.mark.parametrize(
    ("tls", "status", "service"),
    [
        (False, 400, None),
        (False, 404, None),
        (False, 301, None),
        (False, 200, "app"),
        (True, 400, "app"),
        (None, 400, "app"),
    ],
)
def test_plain_http_at_a_port_with_tls_alone_is_refused_by_the_front_door(
    tls: bool | None, status: int, service: str | None
) -> None:
    routes = tuple(host("a.test", to("app"), listeners=(HTTPS,)))
    request = Request(host="a.test", port=443, tls=tls)
    assert answerers(routes, request, status) == {service}
    plain = (*routes, *host("a.test", to("app"), listeners=(replace(HTTPS, tls=False),)))
    assert answerers(plain, request, status) == {"app"}
