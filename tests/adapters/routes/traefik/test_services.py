"""The servers that a router of Traefik leads to, as labels and files of the file provider name them."""

from pathlib import Path

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Service
from stacktest.core.route import Route
from stacktest.core.routing import Request, answerers
from tests.adapters.routes.front_doors import apps, leads, stack, who

ROUTER, SERVICE = "traefik.http.routers", "traefik.http.services"


def container(name: str, **labels: str) -> Service:
    """A service whose labels have `__` in place of `traefik.http`, and `_` in place of a dot."""
    return Service(
        name=name,
        labels={f"traefik.http.{key.replace('_', '.')}": value for key, value in labels.items()},
    )


def routed(name: str, host: str, port: str = "80", service: str = "") -> Service:
    labels = {f"routers_{name}_rule": f"Host(`{host}`)"}
    if port:
        labels[f"services_{service or name}_loadbalancer_server_port"] = port
    if service:
        labels[f"routers_{name}_service"] = service
    return container(name, **labels)


def by_file(root: Path, services: str, *others: Service, service: str = "x") -> tuple[Route, ...]:
    (root / "dynamic.yml").write_text(
        f"http:\n  routers:\n    r: {{rule: Host(`a.test`), service: {service}}}\n"
        f"  services:\n{services}"
    )
    return read_routes(("traefik", "traefik:dynamic.yml"), stack(root, *others))


def served_by(routes: tuple[Route, ...], host: str = "a.test") -> set[str]:
    return {r.service or r.unknown for r in routes if r.host == host and not r.is_guard}


def test_a_share_of_the_weight_goes_to_a_labelled_container(tmp_path: Path) -> None:
    services = """    x: {weighted: {services: [{name: app@docker, weight: 9}, {name: canary, weight: 1}]}}
    canary: {loadBalancer: {servers: [{url: "http://canary:80"}]}}
"""
    routes = by_file(tmp_path, services, routed("app", "app.test"), *apps("canary"))
    assert served_by(routes) == {"app", "canary"}
    assert who(routes, "a.test") is None


def test_a_share_that_is_not_defined_is_not_known(tmp_path: Path) -> None:
    services = """    x: {failover: {service: main@docker, fallback: spare}}
    spare: {loadBalancer: {servers: [{url: "http://spare:80"}]}}
"""
    routes = by_file(tmp_path, services, *apps("spare"))
    assert served_by(routes) == {"the service main@docker is not defined", "spare"}
    assert who(routes, "a.test") is None


def test_a_service_made_of_itself_ends(tmp_path: Path) -> None:
    services = "    x: {weighted: {services: [{name: x}, {name: x}]}}\n"
    assert who(by_file(tmp_path, services), "a.test") is None


def test_a_mirror_answers_nobody(tmp_path: Path) -> None:
    services = """    x: {mirroring: {service: app, mirrors: [{name: copy}]}}
    app: {loadBalancer: {servers: [{url: "http://app:80"}]}}
    copy: {loadBalancer: {servers: [{url: "http://copy:80"}]}}
"""
    assert who(by_file(tmp_path, services, *apps("app", "copy")), "a.test") == "app"


def test_a_router_of_a_file_leads_to_a_labelled_container(tmp_path: Path) -> None:
    routes = by_file(tmp_path, "    y: {}\n", routed("app", "b.test", "3000"), service="app@docker")
    assert leads(routes)["a.test"] == "app:3000"


def test_labels_of_several_containers_make_one_service(tmp_path: Path) -> None:
    of = stack(
        tmp_path, routed("blue", "a.test", service="web"), routed("green", "b.test", service="web")
    )
    routes = read_routes(("traefik",), of)
    assert served_by(routes) == {"blue", "green"}
    assert [who(routes, host) for host in ("a.test", "b.test")] == [None, None]


def test_what_two_containers_say_of_one_router_counts_for_neither(tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        container("one", routers_web_rule="Host(`a.test`)"),
        container("two", routers_web_rule="Host(`b.test`)"),
        routed("app", "c.test"),
    )
    why = "Traefik takes none of several routers named web, of one and two"
    assert leads(read_routes(("traefik",), of)) == {
        "a.test": why,
        "b.test": why,
        "c.test": "app:80",
    }


def test_the_same_router_twice_is_one(tmp_path: Path) -> None:
    labels = {
        "routers_web_rule": "Host(`a.test`)",
        "routers_web_service": "web",
        "services_web_loadbalancer_server_port": "80",
    }
    of = stack(tmp_path, container("one", **labels), container("two", **labels))
    assert served_by(read_routes(("traefik",), of)) == {"one", "two"}


def test_a_service_that_nobody_defines_is_not_the_containers(tmp_path: Path) -> None:
    app = container("app", routers_app_rule="Host(`a.test`)", routers_app_service="ap")
    routes = read_routes(("traefik",), stack(tmp_path, app))
    assert leads(routes) == {"a.test": "the service ap is not defined"}


def test_one_of_several_services_must_be_named(tmp_path: Path) -> None:
    labels = {
        "routers_app_rule": "Host(`a.test`)",
        "services_one_loadbalancer_server_port": "80",
        "services_two_loadbalancer_server_port": "81",
    }
    why = "it has several services and names none of them"
    of = stack(tmp_path, container("app", **labels))
    assert leads(read_routes(("traefik",), of)) == {"a.test": why}
    of = stack(tmp_path, container("app", **labels, routers_app_service="two"))
    assert leads(read_routes(("traefik",), of)) == {"a.test": "app:81"}


def test_a_container_has_a_service_of_its_own_name(tmp_path: Path) -> None:
    labels = {"routers_x_rule": "Host(`a.test`)", "routers_x_service": "my-app-t@docker"}
    own = Service(name="my_app", labels={"traefik.enable": "true"})
    other = container("other", **labels, services_y_loadbalancer_server_port="1")
    assert leads(read_routes(("traefik",), stack(tmp_path, own, other))) == {
        "a.test": "my_app:None"
    }


def test_labels_can_name_the_address_of_another_program(tmp_path: Path) -> None:
    labels = {
        "routers_app_rule": "Host(`a.test`)",
        "services_app_loadbalancer_server_url": "http://wiki:3000",
    }
    of = stack(tmp_path, container("door2", **labels), *apps("wiki"))
    assert leads(read_routes(("traefik",), of)) == {"a.test": "wiki:3000"}


def test_what_two_containers_say_of_one_middleware_counts_for_neither(tmp_path: Path) -> None:
    labels = {
        "routers_app_rule": "Host(`a.test`)",
        "routers_app_middlewares": "slow",
        "middlewares_slow_ratelimit_average": "1",
    }
    other = container("other", middlewares_slow_ratelimit_average="2")
    of = stack(tmp_path, container("app", **labels), other)
    assert who(read_routes(("traefik",), of), "a.test") is None
    of = stack(tmp_path, container("app", **labels))
    assert who(read_routes(("traefik",), of), "a.test") == "app"


def credited(routes: tuple[Route, ...], status: int = 404, length: int | None = None) -> object:
    request = Request(host="a.test", length=length)
    services = answerers(routes, request, status)
    return next(iter(services)) if len(services) == 1 else None


def test_traefiks_own_page_in_place_of_a_container_that_it_leaves_out(tmp_path: Path) -> None:
    routes = read_routes(("traefik",), stack(tmp_path, routed("app", "a.test")))
    assert credited(routes, 200) == "app"
    assert [credited(routes, length=n) for n in (None, 19, 0, 512)] == [None, None, "app", "app"]


def test_a_page_that_another_service_has_for_every_name(tmp_path: Path) -> None:
    pages = container("pages", routers_p_rule="HostRegexp(`.+`)", routers_p_priority="1")
    of = stack(tmp_path, routed("app", "a.test"), pages)
    routes = read_routes(("traefik",), of)
    assert (credited(routes, 200), credited(routes, length=512)) == ("app", None)
    sign_in = container("auth", routers_p_rule="HostRegexp(`.+`) && PathPrefix(`/outpost/`)",
        routers_p_priority="1")  # fmt: skip
    routes = read_routes(("traefik",), stack(tmp_path, routed("app", "a.test"), sign_in))
    assert credited(routes, length=512) == "app"


def test_servers_of_a_file_are_never_left_out(tmp_path: Path) -> None:
    services = '    x: {loadBalancer: {servers: [{url: "http://app:80"}]}}\n'
    assert credited(by_file(tmp_path, services, *apps("app")), length=19) == "app"
    routes = by_file(tmp_path, "    y: {}\n", routed("app", "b.test"), service="app@docker")
    assert credited(routes, length=19) is None


def test_what_reads_the_labels_of_a_swarm_has_a_name_of_its_own(tmp_path: Path) -> None:
    inner = {
        "traefik.http.services.app.loadbalancer.server.port": "80",
        "traefik.http.middlewares.in.basicauth.users": "u",
    }
    app = Service(name="app", definition={"deploy": {"labels": inner}})
    (tmp_path / "dynamic.yml").write_text(
        "http: {routers: {r: {rule: Host(`a.test`), service: app@swarm, middlewares: in@swarm}}}"
    )
    of = stack(tmp_path, app, image="traefik:v3", command=("--providers.swarm=true",))
    routes = read_routes(("traefik", "traefik:dynamic.yml"), of)
    assert [credited(routes, status) for status in (200, 401)] == ["app", None]
