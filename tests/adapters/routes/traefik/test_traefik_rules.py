"""Routers of which the host name is not all that decides, and files that are templates."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Service
from tests.adapters.routes.front_doors import apps, leads, stack, who


def router(name: str, rule: str, **labels: str) -> Service:
    own = {f"traefik.http.routers.{name}.{key}": value for key, value in labels.items()}
    return Service(name=name, labels={f"traefik.http.routers.{name}.rule": rule, **own})


def test_a_router_by_header_alone_may_take_any_request(tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        router("app", "Host(`a.test`)"),
        router("canary", "Header(`X-Canary`, `1`)", priority="1000"),
    )
    routes = read_routes(("traefik",), of)
    assert who(routes, "a.test") is None
    assert leads(routes)["canary@"] == "its rule names no host"


def test_a_router_by_header_alone_behind_the_host_takes_nothing_of_it(tmp_path: Path) -> None:
    of = stack(
        tmp_path, router("app", "Host(`a.test`)"), router("any", "Method(`GET`)", priority="1")
    )
    assert who(read_routes(("traefik",), of), "a.test", method="GET") == "app"


def test_all_hosts_but_one(tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        router("app", "Host(`a.test`)", priority="1"),
        router("own", "Host(`b.test`)", priority="1"),
        router("rest", "!Host(`a.test`)"),
    )
    routes = read_routes(("traefik",), of)
    assert [who(routes, host) for host in ("a.test", "b.test")] == ["app", "rest"]
    assert leads(routes)["rest@"] == "its rule names no host"


def test_hosts_that_exclude_each_other_take_nothing(tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        router("app", "Host(`a.test`)"),
        router("never", "Host(`b.test`) && Host(`c.test`)", priority="99"),
    )
    assert who(read_routes(("traefik",), of), "a.test") == "app"


def test_a_file_is_filled_with_traefiks_environment(tmp_path: Path) -> None:
    (tmp_path / "dynamic/inner").mkdir(parents=True)
    (tmp_path / "dynamic/inner/app.yml").write_text(
        'http:\n  routers:\n    a: {rule: "Host(`a.{{ env "DOMAIN" }}`)", service: a}\n'
        '    b: {rule: "Host(`b.{{env `GONE`}}`)", service: a}\n'
        "  services:\n    a: {loadBalancer: {servers: [{url: 'http://{{ env `APP` }}:80'}]}}\n"
    )
    of = stack(
        tmp_path,
        *apps("app"),
        mounts={"/dynamic": "dynamic"},
        image="traefik:v3",
        command=("--providers.file.directory=/dynamic",),
        environment={"DOMAIN": "x.test", "APP": "app"},
    )
    assert leads(read_routes(("traefik",), of)) == {
        "a.x.test": "app:80",
        "b@": "Traefik makes its rule of a template",
    }


@pytest.mark.parametrize(
    "text",
    [
        '{{ $domain := env "DOMAIN" }}\nhttp:',
        "http:\n  routers:\n  {{- range $app := .Apps }}\n",
        'http: {routers: {\n# {{ if env "SHOP" }}\n a: {rule: Host(`a.test`), service: app}}}',
    ],
)
def test_a_file_whose_template_has_statements_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.yml").write_text(text)
    (route,) = read_routes(("traefik:app.yml",), stack(tmp_path, *apps("app")))
    line = text[: text.index("{{")].count("\n") + 1
    assert (route.is_unread, route.where) == (True, f"app.yml:{line}")
    assert route.unknown == 'the template does more than `{{ env "NAME" }}`, and is not evaluated'


def test_the_first_file_that_names_a_router_counts(tmp_path: Path) -> None:
    for name, app in (("1.yml", "app"), ("2.yml", "web")):
        (tmp_path / name).write_text(
            "http:\n  routers:\n    r: {rule: Host(`a.test`), service: s}\n"
            f"  services:\n    s: {{loadBalancer: {{servers: [{{url: 'http://{app}'}}]}}}}\n"
        )
    routes = read_routes(("traefik:1.yml", "traefik:2.yml"), stack(tmp_path, *apps("app", "web")))
    assert {route.service for route in routes if route.service} == {"app"}


def test_a_page_of_errors_may_change_the_status(tmp_path: Path) -> None:
    middleware = {
        "traefik.http.middlewares.m.errors.status": "500-599",
        "traefik.http.middlewares.m.errors.statusrewrites.502": "200",
        "traefik.http.routers.app.rule": "Host(`a.test`)",
        "traefik.http.routers.app.middlewares": "m",
    }
    of = stack(tmp_path, Service(name="app", labels=middleware))
    routes = read_routes(("traefik",), of)
    assert [who(routes, "a.test", status=status) for status in (200, 204)] == [None, "app"]


def test_names_in_the_greeting_of_tls(tmp_path: Path) -> None:
    labels = {
        "traefik.tcp.routers.mail.rule": "HostSNI(`mail.test`)",
        "traefik.tcp.routers.mail.tls.passthrough": "true",
        "traefik.tcp.services.mail.loadbalancer.server.port": "993",
        "traefik.tcp.routers.db.rule": "HostSNI(`*`)",
    }
    of = stack(tmp_path, Service(name="mail", labels=labels))
    assert leads(read_routes(("traefik",), of)) == {"mail.test": "mail:993"}


@pytest.mark.parametrize("option", ["--providers.swarm=true", "--providers.docker.swarmmode=true"])
def test_in_a_swarm_the_labels_of_the_service_count(option: str, tmp_path: Path) -> None:
    inner = {
        "traefik.http.routers.app.rule": "Host(`a.test`)",
        "traefik.http.services.app.loadbalancer.server.port": "80",
    }
    app = Service(
        name="app",
        labels={"traefik.http.routers.old.rule": "Host(`old.test`)"},
        definition={"deploy": {"labels": {**inner, "traefik.enable": "true"}}},
    )
    exposed = option.partition("=")[0].removesuffix(".swarmmode") + ".exposedbydefault=false"
    of = stack(tmp_path, app, image="traefik:v3", command=(option, exposed))
    assert leads(read_routes(("traefik",), of)) == {"a.test": "app:80"}
    of = stack(tmp_path, app, image="traefik:v3", command=("--providers.docker=true",))
    assert leads(read_routes(("traefik",), of)) == {"old.test": "app:None"}


def test_a_backslash_escapes_within_double_quotes_alone(tmp_path: Path) -> None:
    rules = {"a": 'Host("a.test") && PathRegexp("^/v\\\\d")', "b": "PathRegexp(`^/v\\d`)"}
    rules["b"] = f"Host(`b.test`) && {rules['b']}"
    of = stack(tmp_path, *(labelled(name, rule) for name, rule in rules.items()))
    routes = read_routes(("traefik",), of)
    assert [who(routes, f"{name}.test", "/v1") for name in rules] == ["a", "b"]


def test_a_priority_may_lie_below_that_of_every_rule(tmp_path: Path) -> None:
    long = labelled("long", "Host(`a.test`) && PathPrefix(`/`)", priority="-1")
    of = stack(tmp_path, long, labelled("short", "Host(`a.test`)"))
    assert who(read_routes(("traefik",), of), "a.test") == "short"


@pytest.mark.parametrize(
    ("rule", "status", "answered_by"),
    [
        ("Host(`a.test`)", 200, None),
        ("Host(`a.test`) && Method(`GET`)", 200, "two"),
        ("HostRegexp(`a.tes`)", 200, None),
        ("PathPrefix(`/x`)", 200, "two"),
    ],
)
def test_routers_of_one_priority_for_the_same_requests_are_not_told_apart(
    rule: str, status: int, answered_by: str | None, tmp_path: Path
) -> None:
    one = labelled("one", "Host(`a.test`)", priority="7")
    two = labelled("two", rule, priority="7" if answered_by is None else "8")
    routes = read_routes(("traefik",), stack(tmp_path, one, two))
    assert who(routes, "a.test", "/x", status, method="GET") == answered_by


def test_routers_of_one_priority_for_other_paths_are(tmp_path: Path) -> None:
    rules = {path: f"Host(`a.test`) && PathPrefix(`/{path}`)" for path in ("one", "two")}
    services = [labelled(name, rule) for name, rule in rules.items()]
    of = stack(tmp_path, *services, labelled("rest", "Host(`a.test`)"))
    routes = read_routes(("traefik",), of)
    paths = ("one", "two", "rest")
    assert [who(routes, "a.test", f"/{path}") for path in paths] == ["one", "two", "rest"]


# Private


def labelled(name: str, rule: str, **more: str) -> Service:
    options = {f"traefik.http.routers.{name}.{key}": value for key, value in more.items()}
    return Service(name=name, labels={f"traefik.http.routers.{name}.rule": rule, **options})


@pytest.mark.parametrize(
    ("rule", "answers"),
    [
        ("HostSNI(`a.test`)", ["mail", "app", None]),
        ("HostSNIRegexp(`^[ac]\\.test$`)", ["mail", "app", "mail"]),
        ("HostSNI(`*`)", ["app", "app", None]),
        ("HostSNI(`a.test`) && ClientIP(`10.0.0.0/8`)", [None, "app", None]),
        ("!HostSNI(`a.test`)", ["app", "app", None]),
    ],
)
def test_a_greeting_goes_before_what_http_asks_for(
    rule: str, answers: list[str | None], tmp_path: Path
) -> None:
    labels = {
        "traefik.tcp.routers.mail.rule": rule,
        "traefik.tcp.routers.mail.tls.passthrough": "true",
        "traefik.tcp.services.mail.loadbalancer.server.port": "443",
    }
    app = router("app", "Host(`a.test`) || Host(`b.test`)", tls="true")
    of = stack(tmp_path, Service(name="mail", labels=labels), app)
    routes = read_routes(("traefik",), of)
    assert [who(routes, host, port=443) for host in ("a.test", "b.test", "c.test")] == answers


FILE = """{}:
  services:
    app: {{loadBalancer: {{servers: [{{url: "http://app:80", address: "app:80"}}]}}}}
    app-x: {{loadBalancer: {{servers: []}}}}
  routers:
    app-x: {{rule: "{}(`b.test`)", service: app}}
    app: {{rule: "{}(`a.test`)", service: app}}
"""


def test_the_line_of_a_router_is_not_that_of_a_service(tmp_path: Path) -> None:
    (tmp_path / "http.yml").write_text(FILE.format("http", "Host", "Host"))
    (tmp_path / "tcp.yml").write_text(
        FILE.format("tcp", "HostSNI", "HostSNI").replace("b.t", "c.t")
    )
    (tmp_path / "x.toml").write_text(
        "[http.services.d]\n[http.routers.d-x]\nrule = 'Host(`e.test`)'\nservice = 'd'\n"
        "[http.routers.d]\nrule = 'Host(`d.test`)'\nservice = 'd'\n"
    )
    sources = ("traefik:http.yml", "traefik:tcp.yml", "traefik:x.toml")
    places = {
        (route.host, route.where) for route in read_routes(sources, stack(tmp_path, *apps("app")))
    }
    assert places == {
        ("a.test", "http.yml:7"),
        ("b.test", "http.yml:6"),
        ("a.test", "tcp.yml:7"),
        ("c.test", "tcp.yml:6"),
        ("d.test", "x.toml:5"),
        ("e.test", "x.toml:2"),
    }


def test_routers_of_one_name_for_names_and_for_greetings(tmp_path: Path) -> None:
    labels = {
        "traefik.http.routers.app.rule": "Host(`a.test`)",
        "traefik.tcp.routers.app.rule": "HostSNI(`b.test`)",
        "traefik.tcp.services.app.loadbalancer.server.port": "1",
    }
    routes = read_routes(("traefik",), stack(tmp_path, Service(name="app", labels=labels)))
    assert {(route.host, route.where.split(".")[4]) for route in routes} == {
        ("a.test", "http"),
        ("b.test", "tcp"),
    }


@pytest.mark.parametrize(
    ("image", "answers"),
    [
        ("traefik:v3.8", ["app", "rest", "deep"]),
        ("traefik:3.10.1@sha256:0", ["app", "rest", "deep"]),
        ("traefik:v3.7", [None, "rest", None]),
        ("registry.test:5000/traefik", [None, "rest", None]),
    ],
)
def test_a_star_in_place_of_labels(image: str, answers: list[str | None], tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        router("app", "Host(`*.a.test`)"),
        router("deep", "Host(`**.b.test`)"),
        router("exact", "Host(`x.b.test`)", priority="1000"),
        router("rest", "HostRegexp(`.+`)", priority="1"),
        image=image,
    )
    routes = read_routes(("traefik",), of)
    names = ("x.a.test", "x.y.a.test", "x.y.b.test")
    assert [who(routes, name) for name in names] == answers
    assert who(routes, "x.b.test") == "exact"
