import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from stacktest.core.route import Route
from stacktest.core.routing import Request, doubts
from stacktest.errors import UsageError
from tests.support.routed import service_behind


def seen(routes: tuple[Route, ...]) -> list[tuple[Any, ...]]:
    """What answers, without guards and the redirect from HTTP."""
    return [
        (r.host, r.service, r.port, r.match) for r in routes if not r.is_guard and r.match != "http"
    ]


CADDY = [
    ("grafana.test {\n reverse_proxy grafana:3000\n}", [("grafana.test", "grafana", 3000, "")]),
    (
        "https://a.test:443, b.test {\n reverse_proxy app\n}",
        [("a.test", "app", 80, ""), ("b.test", "app", 80, "")],
    ),
    (
        "a.test,\nb.test {\n reverse_proxy https://app\n}",
        [("a.test", "app", 443, ""), ("b.test", "app", 443, "")],
    ),
    ("a.test\nreverse_proxy app:1", [("a.test", "app", 1, "")]),
    ("{\n email x@y\n}\na.test\nreverse_proxy app:1", [("a.test", "app", 1, "")]),
    ("a.test {\n respond hi\n}", [("a.test", None, None, "")]),
    ("a.test {\n tls x y\n}", [("a.test", None, None, "")]),
    (
        "a.test {\n reverse_proxy @ws app:3012\n @ws header Connection *Upgrade*\n reverse_proxy app:80\n}",
        [("a.test", "app", 80, ""), ("a.test", "app", 3012, "@ws")],
    ),
    (
        "a.test {\n handle /api/* {\n  reverse_proxy grafana:1\n }\n handle {\n  reverse_proxy app:2\n }\n}",
        [("a.test", "app", 2, ""), ("a.test", "grafana", 1, "/api/*")],
    ),
    (
        "a.test {\n handle_path /api/* {\n  reverse_proxy grafana:1\n }\n}",
        [("a.test", None, None, ""), ("a.test", "grafana", 1, "/api/*")],
    ),
    (
        """*.stack.local {
 @g host g.stack.local
 handle @g {
  reverse_proxy grafana:3000
 }
 @p {
  host p.stack.local
 }
 handle @p {
  reverse_proxy app:1
 }
 handle {
  abort
 }
}""",
        [
            ("*.stack.local", None, None, ""),
            ("g.stack.local", "grafana", 3000, ""),
            ("p.stack.local", "app", 1, ""),
        ],
    ),
    (
        "(up) {\n reverse_proxy {args[0]}:{args[1]}\n}\na.test {\n import up app 9\n}",
        [("a.test", "app", 9, "")],
    ),
    (
        "(up) {\n reverse_proxy {args[:]}\n}\na.test {\n import up app:1 grafana:2\n}",
        [("a.test", "app", 1, ""), ("a.test", "grafana", 2, "")],
    ),
    ("&(r) {\n reverse_proxy app:5\n}\na.test {\n invoke r\n}", [("a.test", "app", 5, "")]),
    ("a.test {\n reverse_proxy {\n  to app:7\n  header_up X y\n }\n}", [("a.test", "app", 7, "")]),
    ("a.test {\n reverse_proxy {\n  dynamic a app 8\n }\n}", [("a.test", "app", 8, "")]),
    (
        "a.test {\n php_fastcgi app:9000\n}",
        # Where the programs lie is not known: a path may be a file of Caddy's own, or no path at all.
        [("a.test", "app", 9000, ""), ("a.test", None, None, ""), ("a.test", "app", 9000, "*.php")],
    ),
    ("a.test {\n reverse_proxy 10.0.0.1:5\n}", [("a.test", None, None, "")]),
    ("{$NAME}.test {\n reverse_proxy {$UP:app:4}\n}", [("envy.test", "app", 4, "")]),
    (
        "a.test {\n handle_errors {\n  reverse_proxy grafana:1\n }\n reverse_proxy app:2\n}",
        [("a.test", "app", 2, "")],
    ),
    (":443 {\n respond no 421\n}\na.test {\n reverse_proxy app:2\n}", [("a.test", "app", 2, "")]),
    (":443 {\n reverse_proxy app:2\n}", [("stack.local", "app", 2, "")]),
    (
        "http://door:2020 {\n metrics\n}\na.test {\n reverse_proxy app:2\n}",
        [("a.test", "app", 2, "")],
    ),
    (
        "a.test {\n redir /old /new\n reverse_proxy app:2\n}",
        [("a.test", "app", 2, ""), ("a.test", None, None, "/old")],
    ),
]


@pytest.mark.parametrize(("text", "expected"), CADDY)
def test_caddyfile(
    text: str, expected: list[tuple[Any, ...]], make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "Caddyfile").write_text(text)
    stack = make_stack("door", "app", "grafana", environment={"NAME": "envy"})
    assert seen(read_routes(("Caddyfile",), stack)) == expected


def test_caddyfile_says_where_and_what_was_written(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "Caddyfile").write_text("# top\na.test {\n\n reverse_proxy grafna:3000\n}\n")
    (route,) = read_routes(("Caddyfile",), make_stack("door", "grafana"))
    assert (route.where, route.upstream, route.service) == ("Caddyfile:4", "grafna:3000", None)


def test_caddyfile_imports_files_through_the_mounts(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "Caddyfile").write_text("import /etc/caddy/sites/*.caddy\nimport near.caddy\n")
    (tmp_path / "near.caddy").write_text("near.test {\n reverse_proxy app:1\n}\n")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.caddy").write_text("far.test {\n reverse_proxy app:2\n}\n")
    stack = make_stack("door", "app", mounts=[(tmp_path / "d", "/etc/caddy/sites")])
    routes = read_routes(("Caddyfile",), stack)
    assert seen(routes) == [("far.test", "app", 2, ""), ("near.test", "app", 1, "")]
    assert routes[0].where == "d/x.caddy:2"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a.test {\n import gone\n}", "Caddyfile:2", "`import gone`"),
        ("a.test {\n reverse_proxy\n}", "Caddyfile:2", "no upstream"),
        ("a.test {\n reverse_proxy @no app:1\n}", "Caddyfile:2", "@no is not defined"),
        ("(s) {\n import s\n}\na.test {\n import s\n}", "Caddyfile:2", "cycle"),
        (
            "(s) {\n reverse_proxy {args[1]}\n}\na.test {\n import s x\n}",
            "Caddyfile:5",
            "no argument 1",
        ),
        ("(s) {\n}\n(s) {\n}\n", "Caddyfile:3", "declared twice"),
        ("a.test {\n}\nreverse_proxy app", "Caddyfile:3", "outside of any site"),
        ("a.test {\n invoke no\n}", "Caddyfile:2", "no such named route"),
        ("a.test {\n}\n{\n debug\n}", "Caddyfile:3", "must come first"),
        ("{\n http_port 8O80\n}\na.test {\n}", "Caddyfile:2", "'8O80' is not a port number"),
        ("a.test {\n", "Caddyfile:1", "never closed"),
    ],
)
def test_broken_caddyfile(
    text: str, where: str, what: str, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "Caddyfile").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_routes(("Caddyfile",), make_stack("door", "app"))
    assert caught.value.where == where
    assert what in caught.value.what


@pytest.mark.case("hard/F4-caddy-port-typo")
@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"{\n\thttp_port 8O80\n}\n", "Caddyfile:2", "'8O80' is not a port number"),
        (b"{\n\thttps_port \xc2\xb2\n}\n", "Caddyfile:2", "is not a port number"),
        (b"a.test {\n\trespond caf\xe9\n}\n", "Caddyfile:2", "not UTF-8 text"),
        (b"server {\n # \xfc\n}\n", "a.conf.template:2", "not UTF-8 text"),
    ],
)
def test_a_broken_file_is_one_error_with_its_line(
    content: bytes, where: str, what: str, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    name = where.partition(":")[0]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_routes((name,), make_stack("door", "app"))
    assert caught.value.where == where
    assert what in caught.value.what


@pytest.mark.parametrize(
    "text",
    [
        "http { server { listen 443 ssl; server_name a.test; return %s x; } }",
        "http { server { listen 443 ssl; server_name a.test; location / { proxy_pass http://app:%s; } } }",
        "http { server { listen %s; server_name a.test; error_page %s =200 @x; } }",
        "http { server { listen 443 ssl; server_name a.test; include %s/*.conf; } }",
        "server { listen 443 ssl; server_name a.test; if { return %s; } }",
    ],
)
@pytest.mark.parametrize("word", ["9" * 5000, "²", "a." * 200, "%s%%", "-1"])
def test_odd_words_in_nginx_break_nothing(
    text: str, word: str, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "nginx.conf").write_text(text.replace("%s", word), encoding="utf-8")
    with contextlib.suppress(UsageError):
        read_routes(("nginx.conf",), make_stack("door", "app"))


NGINX = """events {}
http {
  upstream back { server app:3000 weight=2; server grafana:1; }
  include /etc/nginx/conf.d/*.conf;
  server {
    listen 443 ssl;
    server_name a.test www.a.test;
    location /api/ { proxy_pass http://back/; }
    location = /health { return 200; }
    location / { set $up http://grafana:3001; proxy_pass $up; }
    location ~ \\.php$ { fastcgi_pass app:9000; }
  }
}
"""


def test_nginx(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(NGINX)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b.conf").write_text(
        "server { listen 443 ssl; server_name _;\n location / { proxy_pass http://app; } }"
    )
    stack = make_stack("door", "app", "grafana", mounts=[(tmp_path / "d", "/etc/nginx/conf.d")])
    routes = read_routes(("nginx.conf",), stack)
    assert seen(routes) == [
        ("stack.local", "app", 80, ""),
        ("a.test", "grafana", 3001, ""),
        ("a.test", None, None, "/health"),
        ("a.test", "app", 9000, "@\\.php$"),
        ("a.test", "app", 3000, "/api/*"),
        ("a.test", "grafana", 1, "/api/*"),
        ("www.a.test", "grafana", 3001, ""),
        ("www.a.test", None, None, "/health"),
        ("www.a.test", "app", 9000, "@\\.php$"),
        ("www.a.test", "app", 3000, "/api/*"),
        ("www.a.test", "grafana", 1, "/api/*"),
    ]
    assert routes[0].where == "d/b.conf:2"


def test_names_that_a_front_door_looks_up_when_it_starts(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "nginx.conf").write_text(NGINX)
    routes = read_routes(("nginx.conf",), make_stack("door", "app", "grafana"))
    at_start = {(r.service, r.port) for r in routes if r.is_looked_up_at_start}
    # A variable is looked up for each request.
    assert at_start == {("app", 9000), ("app", 3000), ("grafana", 1)}
    (tmp_path / "Caddyfile").write_text("a.test {\n reverse_proxy app:1\n}\n")
    assert not read_routes(("Caddyfile",), make_stack("door", "app"))[0].is_looked_up_at_start


@pytest.mark.parametrize(
    ("image", "expected"),
    [("haproxy:3", True), ("registry.lan/haproxy-alpine:2.9", True), ("caddy:2", False)],
)
def test_names_of_a_front_door_that_cannot_be_read(
    make_stack: Callable[..., Stack], image: str, *, expected: bool
) -> None:
    stack = make_stack("door", "app")
    door = replace(stack.services["door"], image=image)
    stack = replace(stack, front_door="door", services={**stack.services, "door": door})
    (route,) = read_routes(("none",), stack, hosts={"a.test": "app:1"})
    assert route.is_looked_up_at_start is expected


def test_what_a_front_door_that_cannot_be_read_may_answer_itself_is_nobodys(
    make_stack: Callable[..., Stack],
) -> None:
    routes = read_routes(("none",), make_stack("door", "app"), hosts={"a.test": "app:1"})
    expected = {200: "app", 204: "app", 302: None, 401: None, 403: None, 404: "app"}
    assert {n: service_behind(routes, host="a.test", status=n) for n in expected} == expected
    assert doubts(routes, Request(host="a.test"), 302) == {"app": "stack.hosts.a.test"}


def test_broken_nginx_names_the_line(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("http {\n server {\n  listen 80\n }\n}\n")
    with pytest.raises(UsageError) as caught:
        read_routes(("nginx.conf",), make_stack("door"))
    assert caught.value.where == "nginx.conf:3"


@pytest.mark.parametrize("depth", [0, 12])
def test_a_file_of_nginx_that_includes_itself_is_one_error(
    depth: int, make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    inner = "location /a { " * depth + "include b.conf;" + " }" * depth
    (tmp_path / "a.conf").write_text(f"server {{ {inner} }}")
    (tmp_path / "b.conf").write_text("include a.conf;")
    with pytest.raises(UsageError, match="the includes form a cycle") as caught:
        read_routes(("a.conf",), make_stack("door"))
    assert caught.value.where == "a.conf"


def labelled(**labels: str) -> Service:
    return Service(
        name="app", labels={key.replace("__", "."): value for key, value in labels.items()}
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Host(`a.test`)", [("a.test", "app", 8080, "")]),
        (
            "Host(`a.test`) || Host(`B.test`)",
            [("a.test", "app", 8080, ""), ("b.test", "app", 8080, "")],
        ),
        ("Host(`a.test`, `b.test`)", [("a.test", "app", 8080, ""), ("b.test", "app", 8080, "")]),
        (
            'Host("a.test") && PathPrefix(`/api`)',
            [("a.test", None, None, ""), ("a.test", "app", 8080, "/api*")],
        ),
        (
            "Host(`a.test`) && Headers(`X`, `y`)",
            [
                ("a.test", None, None, ""),
                ("a.test", "app", 8080, "@x"),
            ],
        ),
        ("PathPrefix(`/`)", [("stack.local", "app", 8080, "")]),
        (
            "!Host(`a.test`) && Host(`b.test`)",
            [("b.test", "app", 8080, "")],
        ),
        ("HostSNI(`a.test`)", []),
    ],
)
def test_traefik(
    rule: str, expected: list[tuple[Any, ...]], make_stack: Callable[..., Stack]
) -> None:
    app = labelled(
        traefik__http__routers__x__rule=rule,
        traefik__http__services__x__loadbalancer__server__port="8080",
    )
    assert seen(read_routes(("traefik",), make_stack("door", app=app))) == expected


def test_a_rule_that_cannot_be_read_costs_its_router_only(make_stack: Callable[..., Stack]) -> None:
    app = labelled(
        traefik__http__routers__x__rule="Host(secret.a.test)",
        traefik__http__routers__y__rule="Host(`y.test`)",
    )
    routes = read_routes(("traefik",), make_stack("door", app=app))
    assert seen(routes) == [("y.test", "app", None, ""), ("x@", None, None, "")]
    assert (
        routes[-1].unknown == "its rule cannot be read: it cannot be read from its character 12 on"
    )
    assert routes[-1].where == "services.app.labels.traefik.http.routers.x.rule"


def test_configured_hosts_win_over_files(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(
        "a.test {\n reverse_proxy app:1\n}\nb.test {\n reverse_proxy app:2\n}\n"
    )
    stack = make_stack("door", "app", "grafana")
    routes = read_routes(("Caddyfile",), stack, hosts={"a.test": "grafana:3000"})
    assert seen(routes) == [("a.test", "grafana", 3000, ""), ("b.test", "app", 2, "")]


@pytest.mark.parametrize(
    ("sources", "hosts", "text"),
    [
        (("gone.conf",), {}, "no such file: gone.conf"),
        (("file.txt",), {}, "neither a Caddyfile nor an nginx"),
        (("none",), {"a.test": "grafna"}, "did you mean 'grafana'"),
        (("none",), {"a.test": "grafana:web"}, "'web' is not a port number"),
    ],
)
def test_wrong_sources(
    sources: tuple[str], hosts: dict[str, str], text: str, make_stack: Callable[..., Stack]
) -> None:
    with pytest.raises(UsageError, match=text):
        read_routes(sources, make_stack("door", "grafana"), hosts=hosts)


def test_a_file_that_is_not_there_is_looked_for_under_near_names(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/apps.conf").touch()
    with pytest.raises(UsageError) as caught:
        read_routes(("conf.d/app.conf",), make_stack("door"))
    assert caught.value.hint == "did you mean 'conf.d/apps.conf'?"


def test_no_source_is_no_route(make_stack: Callable[..., Stack]) -> None:
    assert read_routes(("none",), make_stack("door")) == ()
    assert read_routes((), make_stack("door")) == ()


def test_upstreams_by_other_names(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    app = Service(
        name="app",
        container_name="the-app",
        definition={"hostname": "apphost", "networks": {"n": {"aliases": ["alias"]}, "m": None}},
    )
    (tmp_path / "Caddyfile").write_text(
        "".join(
            f"{name}.test {{\n reverse_proxy {name}:1\n}}\n"
            for name in ("the-app", "apphost", "alias")
        )
    )
    routes = read_routes(("Caddyfile",), make_stack("door", app=app))
    assert [route.service for route in routes] == ["app", "app", "app"]


def test_sites_on_a_published_plain_port(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("http://a.test:8000 {\n reverse_proxy app:1\n}\n")
    stack = make_stack("door", "app", ports=[Port(target=8000, published=18000)])
    assert seen(read_routes(("Caddyfile",), stack)) == [("a.test", "app", 1, "")]


NAMELESS = [
    ("Caddyfile", ":8000 {\n reverse_proxy app:1\n}", True),
    (
        "Caddyfile",
        ":8000 {\n @l host localhost\n reverse_proxy @l grafana:3000\n reverse_proxy app:1\n}",
        False,
    ),
    ("nginx.conf", "server { listen 8000; location / { proxy_pass http://app:1; } }", True),
    (
        "nginx.conf",
        """server { listen 8000; server_name _; location / { proxy_pass http://app:1; } }
server { listen 8000; server_name localhost; location / { proxy_pass http://grafana:3000; } }""",
        False,
    ),
]


@pytest.mark.parametrize(("name", "text", "same"), NAMELESS)
def test_routes_without_a_name_hold_for_addresses_where_they_are_the_same(
    make_stack: Callable[..., Stack], tmp_path: Path, name: str, text: str, same: bool
) -> None:
    (tmp_path / name).write_text(text)
    stack = replace(
        make_stack("door", "app", "grafana", ports=(Port(target=8000, published=18000),)), domain=""
    )
    routes = read_routes((name,), stack)
    assert {route.host for route in routes} == {"localhost"}
    assert {route.holds_for_addresses for route in routes} == {same}


WRITTEN = {
    "caddy": "{host} {{\n reverse_proxy app:1\n}}",
    "nginx": "server {{ listen 80; server_name {host}; location / {{ proxy_pass http://app:1; }} }}",
}
"""Kind of file → one that leads a host name to the app."""


@pytest.mark.parametrize(
    ("kind", "image", "host", "is_heard"),
    [
        ("nginx", "nginx:1.27", "bücher.test", False),
        ("nginx", "nginx:1.27", "*.bücher.test", False),
        ("nginx", "nginx:1.27", "app.test.", False),
        ("nginx", "nginx:1.27", "xn--bcher-kva.test", True),
        ("nginx", "nginx:1.27", "APP.test", True),
        ("caddy", "caddy:2.6.2", "bücher.test", False),
        ("caddy", "registry.test/caddy:v2.8-alpine", "bücher.test", False),
        ("caddy", "caddy:2.9.0", "bücher.test", True),
        ("caddy", "caddy:2.10", "bücher.test", True),
        ("caddy", "caddy:3.0", "bücher.test", True),
        ("caddy", "caddy:2", "bücher.test", True),
        ("caddy", "caddy", "bücher.test", True),
        ("caddy", "my-proxy:2.6", "bücher.test", True),
        ("caddy", "own/my-caddy:1.4", "bücher.test", True),
        ("caddy", "caddy:2.6.2", "xn--bcher-kva.test", True),
        ("caddy", "caddy:2.10", "app.test.", False),
    ],
)
def test_names_that_a_front_door_never_hears_as_they_are_written(
    tmp_path: Path, kind: str, image: str, host: str, *, is_heard: bool
) -> None:
    """A request for such a name is answered by whoever answers for names that are not there."""
    (tmp_path / "door.conf").write_text(WRITTEN[kind].format(host=host))
    services = {"door": Service(name="door", image=image), "app": Service(name="app")}
    stack = Stack(name="t", root=tmp_path, services=services, front_door="door")
    routes = read_routes((f"{kind}:door.conf",), stack)
    assert ("app" in {route.service for route in routes}) is is_heard
    unknown = [route.unknown for route in routes if route.unknown]
    assert bool(unknown) is not is_heard
    assert all("clients send" in why for why in unknown)


@pytest.mark.parametrize(("host", "is_heard"), [("bücher.test", False), ("app.test.", True)])
def test_names_that_traefik_does_not_take(tmp_path: Path, host: str, *, is_heard: bool) -> None:
    rule = {"traefik.http.routers.app.rule": f"Host(`{host}`)"}
    app = Service(name="app", labels=rule, definition={"expose": ["80"]})
    services = {"door": Service(name="door", image="traefik:3"), "app": app}
    stack = Stack(name="t", root=tmp_path, services=services, front_door="door")
    routes = read_routes(("traefik",), stack)
    assert ("app" in {route.service for route in routes}) is is_heard
