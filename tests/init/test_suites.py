"""Which suite a service gets from what its files show, and what is said where it gets none."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Port, Service, Stack
from stacktest.core.route import Route
from stacktest.init.front_door import FrontDoor, find_front_door
from stacktest.init.places import find_places
from stacktest.init.programs import recognise
from stacktest.init.proposal import propose
from stacktest.init.suites import http_port, is_one_shot


def stack(*services: Service, routes: tuple[Route, ...] = (), **more: Any) -> Stack:
    return Stack(
        name="demo",
        root=Path("/srv/demo"),
        services={service.name: service for service in services},
        routes=routes,
        **more,
    )


def suites(model: Stack, door: FrontDoor | None = None) -> tuple[dict[str, str], str]:
    proposal = propose(model, door or FrontDoor())
    texts = {
        name.rpartition("/test_")[2].removesuffix(".py"): text
        for name, text in proposal.files.items()
        if name.endswith(".py")
    }
    return texts, "\n".join(proposal.unknown)


def published(*targets: int) -> tuple[Port, ...]:
    return tuple(Port(target=target, published=target) for target in targets)


@pytest.mark.case("compose/no-name-no-test")
@pytest.mark.parametrize(
    ("image", "ports", "port"),
    [
        ("louislam/uptime-kuma:1", published(3001), 3001),
        ("louislam/uptime-kuma:1", (), 3001),
        ("louislam/uptime-kuma:1", published(8099), 8099),
        ("own/board:1", published(8088), 8088),
        ("own/board:1", published(8088, 9000), 0),
        ("own/board:1", published(22), 0),
        ("own/board:1", (), 0),
        ("own/board:1", (Port(target=8088, published=8088, protocol="udp"),), 0),
    ],
)
def test_a_port_is_known_by_the_program_or_by_being_the_only_one(
    image: str, ports: tuple[Port, ...], port: int
) -> None:
    service = Service(name="x", image=image, ports=ports)
    assert http_port(stack(service), service, recognise(service), []) == port


@pytest.mark.parametrize(
    ("name", "port"), [("vpn", 0), ("torrents", 8080), ("books", 0), ("films", 0)]
)
def test_a_port_of_a_shared_network_is_that_of_whoever_declares_it(name: str, port: int) -> None:
    inner = {"network_mode": "service:vpn"}
    vpn = Service(name="vpn", image="qmcgaw/gluetun", ports=published(8080, 9696))
    torrents = Service(name="torrents", definition=inner, environment={"WEBUI_PORT": "8080"})
    books = Service(name="books", image="louislam/uptime-kuma:1", definition=inner)
    films = Service(name="films", image="own/films", definition=inner)
    of = stack(vpn, torrents, books, films)
    service = of.services[name]
    assert http_port(of, service, recognise(service), []) == port


@pytest.mark.parametrize(
    ("service", "routed", "port"),
    [
        # PHP behind a front door speaks FastCGI; what is published there is for browsers.
        (Service(name="x", image="own/shop:1-fpm"), 9000, 0),
        (Service(name="x", image="own/shop:1"), 9000, 0),
        (Service(name="x", image="own/shop:1", definition={"expose": ["9000"]}), 9000, 0),
        (Service(name="x", image="php:8.2-fpm", definition={"expose": ["9000"]}), 0, 0),
        (Service(name="x", image="own/shop:1", ports=published(9000)), 9000, 9000),
        (Service(name="x", image="own/shop:1"), 9001, 9001),
        (Service(name="x", image="portainer/portainer-ce:2"), 9000, 9000),
    ],
)
def test_the_port_of_fastcgi_is_not_taken_for_http(
    service: Service, routed: int, port: int
) -> None:
    routes = [Route(host="x.test", service="x", port=routed)] if routed else []
    assert http_port(stack(service), service, recognise(service), routes) == port


def test_a_service_without_a_host_name_is_asked_within_its_network() -> None:
    status = Service(name="status", image="louislam/uptime-kuma:1", ports=published(3001))
    texts, unknown = suites(stack(status, Service(name="worker", image="own/worker")))
    assert 'inside("status").http(3001).get("/api/entry-page")' in texts["status"]
    assert "def test_it_leads_to_uptime_kuma_and_nothing_else(inside):" in texts["status"]
    assert "what it means that worker works: it has no host name and no known port" in unknown
    assert 'by inside("worker")' in unknown


def test_a_host_behind_a_sign_in_says_who_may_answer_first() -> None:
    route = Route(host="films.test", service="films", order=1)
    guard = Route(host="films.test", service="auth", is_guard=True, where="compose.yml:7",
                  is_final=False)  # fmt: skip
    films = Service(name="films", image="own/films")
    _, unknown = suites(stack(films, Service(name="auth"), routes=(route, guard)))
    assert (
        "which page of films.test is films's own: auth may answer first (compose.yml:7)" in unknown
    )


@pytest.mark.parametrize(
    ("label", "is_asked"),
    [
        ({}, True),
        ({"traefik.http.routers.graf.middlewares": "lock"}, False),
        ({"traefik.http.routers.graf.middlewares": "head"}, True),
    ],
)
def test_a_host_of_traefiks_labels_is_asked_unless_a_sign_in_is_before_it(
    label: dict[str, str], is_asked: bool
) -> None:
    labels = {
        "traefik.http.routers.graf.rule": "Host(`graf.test`)",
        "traefik.http.services.graf.loadbalancer.server.port": "3000",
        "traefik.http.middlewares.lock.basicauth.users": "bob:x",
        "traefik.http.middlewares.head.headers.framedeny": "true",
        **label,
    }
    door = Service(name="traefik", image="traefik:v3", ports=published(80))
    graf = Service(name="graf", image="grafana/grafana:11", labels=labels)
    plain = stack(door, graf, front_door="traefik")
    model = replace(plain, routes=read_routes(("traefik",), plain))
    texts, unknown = suites(model, FrontDoor(service="traefik", kind="traefik"))
    assert ('api("graf.test")' in texts["graf"]) is is_asked
    assert ("graf.test" in texts.get("traefik", "")) is is_asked
    assert ("the front door may answer first" not in unknown) is is_asked


@pytest.mark.parametrize(
    ("location", "is_asked"),
    [
        # nginx leads `/docs` to `/docs/` by itself; nobody asks for either here.
        ("location /docs/ { proxy_pass http://other:80; }", True),
        ("location /api/ { proxy_pass http://other:80; }", False),
        ("location = /api/health { return 200 ok; }", False),
        ("location ~ ^/(static|media)/ { proxy_pass http://other:80; }", True),
        ("auth_request /verify;", False),
    ],
)
def test_a_host_is_asked_where_the_program_alone_answers_that_path(
    tmp_path: Path, location: str, is_asked: bool
) -> None:
    inner = f"listen 80; server_name graf.test; {location}"
    text = f"server {{ {inner} location / {{ proxy_pass http://graf:3000; }} }}"
    (tmp_path / "graf.conf").write_text(text)
    door = Service(name="door", image="nginx", ports=published(80))
    graf = Service(name="graf", image="grafana/grafana:11")
    plain = replace(
        stack(door, graf, Service(name="other", image="own/other"), front_door="door"),
        root=tmp_path,
    )
    model = replace(plain, routes=read_routes(("graf.conf",), plain))
    texts, unknown = suites(model, FrontDoor(service="door", kind="nginx"))
    assert ('api("graf.test")' in texts["graf"]) is is_asked
    assert ("graf.test" in texts.get("door", "")) is is_asked
    assert ("may answer first" not in unknown) is is_asked


@pytest.mark.parametrize(
    ("hosts", "domain"),
    [
        (("a.home.test", "b.home.test"), "home.test"),
        (("*.home.test",), "home.test"),
        (("a.home.test",), "home.test"),
        (("jellyfin.*",), ""),
        (("jellyfin.*", "a.home.test", "~^x[.]test$"), "home.test"),
        (("a.test", "b.other"), ""),
    ],
)
def test_the_domain_is_what_all_host_names_end_with(hosts: tuple[str, ...], domain: str) -> None:
    routes = tuple(Route(host=host, service="x") for host in hosts)
    proposal = propose(stack(Service(name="x"), routes=routes), FrontDoor())
    assert tomllib.loads(proposal.files["stacktest.toml"])["stack"].get("domain", "") == domain


@pytest.mark.parametrize(
    ("image", "environment", "port"),
    [
        ("vaultwarden/server", {}, 80),
        ("vaultwarden/server", {"ROCKET_PORT": "8080", "SMTP_PORT": "587"}, 8080),
        ("grafana/grafana", {"GF_SERVER_HTTP_PORT": "4000"}, 4000),
        ("gitea/gitea:1", {"GITEA__server__HTTP_PORT": "8000", "DB_PORT": "5432"}, 8000),
        ("louislam/uptime-kuma:1", {"UPTIME_KUMA_PORT": ""}, 3001),
        ("nextcloud:30-apache", {}, 80),
        # It speaks FastCGI to a front door.
        ("nextcloud:30-fpm", {}, 0),
        ("nextcloud:fpm-alpine", {}, 0),
        ("registry:5000/nextcloud:stable-fpm-alpine", {}, 0),
    ],
)
def test_the_port_of_a_program_is_the_one_that_it_is_told(
    image: str, environment: dict[str, str | None], port: int
) -> None:
    service = Service(name="x", image=image, environment=environment)
    assert http_port(stack(service), service, recognise(service), []) == port


@pytest.mark.parametrize("port", [443, 8443, 9443])
def test_a_port_of_tls_is_not_asked_in_plain_http(port: int) -> None:
    service = Service(name="x", image="portainer/portainer-ce:2", ports=published(port))
    routes = [Route(host="x.test", service="x", port=port)]
    assert http_port(stack(service), service, recognise(service), []) == 0
    assert http_port(stack(service), service, None, routes) == 0


def test_a_host_at_two_ports_of_the_front_door_is_asked_once(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("a.test, http://a.test {\n reverse_proxy graf:3000\n}\n")
    door = Service(name="door", image="caddy", ports=published(80, 443))
    graf = Service(name="graf", image="grafana/grafana:11")
    plain = replace(stack(door, graf, front_door="door"), root=tmp_path)
    model = replace(plain, routes=read_routes(("Caddyfile",), plain))
    texts, _ = suites(model, FrontDoor(service="door", kind="caddy"))
    assert texts["door"].count("a.test") == 1


def test_of_several_ports_of_a_program_its_usual_one_is_asked() -> None:
    labels = {
        "traefik.http.routers.edge.rule": "Host(`edge.test`)",
        "traefik.http.routers.edge.service": "edge",
        "traefik.http.services.edge.loadbalancer.server.port": "8000",
        "traefik.http.routers.ui.rule": "Host(`ui.test`)",
        "traefik.http.routers.ui.service": "ui",
        "traefik.http.services.ui.loadbalancer.server.port": "9000",
    }
    board = Service(name="board", image="portainer/portainer-ce", labels=labels)
    door = Service(name="traefik", image="traefik:v3", ports=published(80))
    plain = stack(door, board, front_door="traefik")
    model = replace(plain, routes=read_routes(("traefik",), plain))
    texts, _ = suites(model, FrontDoor(service="traefik", kind="traefik"))
    assert 'api("ui.test")' in texts["board"]
    assert "ui.test" in texts["traefik"]
    assert "edge.test" not in texts["board"] + texts["traefik"]


def test_a_service_for_every_other_name_is_before_nobody_on_a_stack_that_is_well() -> None:
    rule, catch_all = "Host(`graf.test`)", "HostRegexp(`.*`)"
    graf = Service(name="graf", image="grafana/grafana:11",
                   labels={"traefik.http.routers.graf.rule": rule})  # fmt: skip
    rest = Service(name="rest", image="own/rest",
                   labels={"traefik.http.routers.rest.rule": catch_all,
                           "traefik.http.routers.rest.priority": "1"})  # fmt: skip
    door = Service(name="traefik", image="traefik:v3", ports=published(80))
    plain = stack(door, graf, rest, front_door="traefik")
    model = replace(plain, routes=read_routes(("traefik",), plain))
    texts, unknown = suites(model, FrontDoor(service="traefik", kind="traefik"))
    assert 'api("graf.test")' in texts["graf"]
    assert "may answer first" not in unknown


@pytest.mark.parametrize("label", ["traefik.frontend.rule", "traefik.web.frontend.rule"])
def test_a_rule_for_traefik_1_is_named_and_not_read(label: str) -> None:
    app = Service(name="app", labels={label: "Host:app.test"})
    door = Service(name="traefik", image="traefik:1.7", ports=published(80))
    plain = stack(door, app, front_door="traefik")
    front = find_front_door(plain)
    assert front.sources == ("traefik",)
    _, unknown = suites(replace(plain, routes=read_routes(front.sources, plain)), front)
    assert f"services.app.labels.{label} leads: a rule for Traefik 1, which is not read" in unknown
    assert find_front_door(stack(app)).sources == ("traefik",)


@pytest.mark.case("compose/secret-in-rule")
def test_a_rule_with_a_key_is_named_and_not_shown() -> None:
    route = Route(host="films.test", service="films", match="@films", where="services.films.labels.x",
                  is_hidden=True)  # fmt: skip
    _, unknown = suites(stack(Service(name="films", image="own/films"), routes=(route,)))
    assert (
        "which page of films.test is films's own: only under a condition (services.films.labels.x)"
        in unknown
    )


def test_a_page_behind_a_sign_in_is_not_taken_for_the_programs_own() -> None:
    routes = (
        Route(host="a.test", service="auth", is_guard=True, is_final=False),
        Route(host="a.test", service="app", port=8080),
    )
    texts, _ = suites(stack(Service(name="app", image="own/app"), routes=routes))
    assert 'inside("app").http(8080)' in texts["app"]


@pytest.mark.case("compose/shared-network")
@pytest.mark.parametrize("mode", ["service:tunnel", "container:vpn"])
def test_who_shares_a_network_is_not_told_apart_by_its_address(mode: str) -> None:
    routes = (Route(host="books.test", service="tunnel", port=8080),)
    books = Service(name="books", image="own/books", definition={"network_mode": mode})
    tunnel = Service(name="tunnel", image="own/tunnel", container_name="vpn")
    texts, unknown = suites(stack(tunnel, books, routes=routes))
    assert texts == {}
    assert "whether books.test is tunnel's own: books shares its network" in unknown


@pytest.mark.parametrize(("mode", "count"), [("service:cache", 0), ("host", 0), (None, 2)])
def test_stores_of_one_kind_in_one_network_are_not_told_apart(mode: str | None, count: int) -> None:
    owner = "host" if mode == "host" else None
    cache = Service(name="cache", image="redis:7", definition={"network_mode": owner})
    other = Service(name="other", image="redis:7", definition={"network_mode": mode})
    texts, unknown = suites(stack(cache, other))
    assert len([text for text in texts.values() if text]) == count
    assert ("which port is other's own: cache shares its network" in unknown) == (count == 0)


def job(*words: str, restart: str = "on-failure", image: str = "own/app", **more: Any) -> Service:
    return Service(name="x", image=image, restart=restart, command=words, **more)


@pytest.mark.case("field/b23")
@pytest.mark.parametrize(
    ("service", "is_job"),
    [
        (job("app", "migrate"), True),
        (job("app", "migrate", restart="on-failure:3"), True),
        (job("app", "serve"), False),
        (job("app", "migrate", restart="always"), False),
        (job("app", "migrate", ports=published(80)), False),
        (job("app", "migrate", has_healthcheck=True), False),
        (job("anything", restart="no"), True),
        (Service(name="x", image="redis:7", restart="on-failure",
                 definition={"entrypoint": ["redis-cli", "-h", "cache", "set", "a", "b"]}), True),
        (Service(name="x", image="redis:7", restart="on-failure"), False),
        (Service(name="seed", image="own/app", restart="on-failure"), False),
    ],
)  # fmt: skip
def test_a_job_runs_once_by_what_its_files_say(service: Service, is_job: bool) -> None:
    assert (
        is_one_shot(stack(service), "x" if service.name == "x" else "seed", recognise(service))
        is is_job
    )


def test_a_job_of_a_store_gets_no_test_of_a_store_and_is_ready_when_it_ended() -> None:
    seed = Service(name="seed", image="redis:7", restart="on-failure",
                   definition={"entrypoint": ["redis-cli", "set"]})  # fmt: skip
    proposal = propose(stack(seed), FrontDoor())
    assert 'ready = "exited(0)"' in proposal.files["stacktest.toml"]
    assert [name for name in proposal.files if name.endswith(".py")] == []


def test_who_is_waited_for_to_end_is_a_job_without_a_key() -> None:
    seed = Service(name="seed", image="redis:7")
    ended = Dependency(service="seed", condition="service_completed_successfully")
    app = Service(name="app", image="own/app", depends_on=(ended,))
    proposal = propose(stack(seed, app), FrontDoor())
    assert "exited(0)" not in proposal.files["stacktest.toml"]
    assert [name for name in proposal.files if "seed" in name] == []


@pytest.mark.case("compose/profile-refused")
def test_a_service_that_compose_cannot_read_is_named_with_why() -> None:
    mail = Service(name="mail", profiles=("mail",), unreadable="env_file x does not exist")
    _, unknown = suites(stack(mail))
    assert "anything about mail: env_file x does not exist" in unknown


@pytest.mark.case("compose/one-host-unset", "field/b16")
def test_a_blank_variable_is_named_with_its_keys() -> None:
    model = stack(Service(name="a", image="x"), unset_variables={"HOST": ("services.a.labels",)})
    assert "HOST, which is not set and so is blank: services.a.labels" in suites(model)[1]


# Places


def mounting(*sources: str) -> Stack:
    from stacktest.core.model import Mount

    mounts = tuple(Mount(kind="bind", source=source, target="/x") for source in sources)
    return stack(Service(name="a", image="x", mounts=mounts))


@pytest.mark.parametrize(
    ("sources", "ledger", "status", "is_told"),
    [
        ((), "data/tests", "docs/_data/status.json", False),
        (("/srv/demo/data",), "stacktest-ledger", "docs/_data/status.json", False),
        (("/srv/demo/data/tests",), "stacktest-ledger", "docs/_data/status.json", False),
        (("/srv/demo/data/app",), "data/tests", "docs/_data/status.json", False),
        (("/srv/demo/docs", "/srv/demo/data"), "stacktest-ledger", "stacktest-status/status.json", False),
        (("/srv/demo",), "data/tests", "docs/_data/status.json", True),
        (("/",), "data/tests", "docs/_data/status.json", True),
    ],
)  # fmt: skip
def test_the_ledger_never_lies_in_what_a_service_mounts(
    sources: tuple[str, ...], ledger: str, status: str, is_told: bool
) -> None:
    places = find_places(mounting(*sources))
    assert (places.ledger, places.status, bool(places.unknown)) == (ledger, status, is_told)


def test_what_is_not_known_at_two_ports_is_named_once() -> None:
    routes = tuple(
        Route(host="bots@", unknown="its rule names no host", upstream="?", where="a:1", order=n)
        for n in range(2)
    )
    _, unknown = suites(stack(Service(name="app"), routes=routes))
    assert unknown.count("where bots leads") == 1
