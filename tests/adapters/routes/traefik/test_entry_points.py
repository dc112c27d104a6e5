"""At which of Traefik's entry points a router answers, and what Traefik answers there by itself."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Service
from stacktest.core.route import Route
from tests.adapters.routes.front_doors import stack, who

WEB, SECURE = "--entrypoints.web.address=:80", "--entrypoints.secure.address=:443"
REDIRECT = "--entrypoints.web.http.redirections.entrypoint.to=secure"


def routes_of(root: Path, *command: str, **labels: str) -> tuple[Route, ...]:
    """The routes of `a.test` to `app`, of a Traefik with a command."""
    more = {f"traefik.http.routers.app.{key}": value for key, value in labels.items()}
    rule = {"traefik.http.routers.app.rule": "Host(`a.test`)"}
    app = Service(name="app", labels={**rule, **more})
    return read_routes(("traefik",), stack(root, app, image="traefik:v3", command=command))


def at(routes: tuple[Route, ...], port: int, status: int = 200, path: str = "/") -> str | None:
    return who(routes, "a.test", path, status, port=port)


def test_a_router_answers_at_the_entry_points_that_are_the_default(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, SECURE, "--entrypoints.secure.asdefault=true")
    assert (at(routes, 443), at(routes, 80, 404)) == ("app", None)


def test_a_router_does_not_answer_beside_traefiks_own_pages(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, "--entrypoints.traefik.address=:8080")
    assert (at(routes, 80), at(routes, 8080, 404)) == ("app", None)


def test_a_router_at_an_entry_point_that_leads_elsewhere_answers_nowhere(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, SECURE, REDIRECT, entrypoints="web")
    assert [at(routes, 80, 301), at(routes, 443, 404), at(routes, 443)] == [None] * 3


def test_a_redirection_with_a_priority_may_let_routers_answer(tmp_path: Path) -> None:
    priority = "--entrypoints.web.http.redirections.entrypoint.priority=1"
    routes = routes_of(tmp_path, WEB, SECURE, REDIRECT, priority, entrypoints="web")
    assert (at(routes, 80), at(routes, 80, 301)) == ("app", None)


@pytest.mark.parametrize(
    ("option", "path"),
    [("--ping.entrypoint=web", "/ping"), ("--metrics.prometheus.entrypoint=web", "/metrics")],
)
def test_traefiks_own_paths_are_nobodys(option: str, path: str, tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, SECURE, option)
    assert (at(routes, 80, path=path), at(routes, 80)) == (None, "app")
    assert at(routes, 443, path=path) == "app"


def test_a_router_at_an_entry_point_that_is_not_there_answers_nowhere(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, SECURE, entrypoints="https")
    assert [route.unknown for route in routes] == ["Traefik has no entry point https"]
    assert at(routes, 443, 404) is None
    routes = routes_of(tmp_path, WEB, SECURE, entrypoints="https,web")
    assert (at(routes, 80), at(routes, 443, 404)) == ("app", None)


def test_a_router_at_a_port_that_is_not_published_is_not_known(tmp_path: Path) -> None:
    inner = "--entrypoints.inner.address=:8081"
    routes = routes_of(tmp_path, WEB, inner, entrypoints="inner")
    why = "Traefik has it at port 8081, which door does not publish"
    assert [(route.host, route.unknown) for route in routes] == [("a.test", why)]
    routes = routes_of(tmp_path, WEB, inner, entrypoints="inner,web")
    assert (at(routes, 80), at(routes, 8081)) == ("app", None)
    assert not any(route.unknown for route in routes)


def test_what_proves_a_name_to_the_certificate_authority_is_traefiks_own(tmp_path: Path) -> None:
    option = "--certificatesresolvers.le.acme.httpchallenge.entrypoint=web"
    routes = routes_of(tmp_path, WEB, SECURE, option)
    path = "/.well-known/acme-challenge/x"
    assert (at(routes, 80, path=path), at(routes, 443, path=path)) == (None, "app")


def test_a_file_wins_over_the_command_and_that_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text("entryPoints: {web: {address: ':8000'}}\n")
    app = Service(name="app", labels={"traefik.http.routers.app.rule": "Host(`a.test`)"})
    environment = {"TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":1"}

    def ports(**door: Any) -> set[int]:
        of = stack(tmp_path, app, image="traefik:v3", environment=environment, ports=(), **door)
        return {item.port for route in read_routes(("traefik",), of) for item in route.listeners}

    file = {"/etc/traefik/traefik.yml": "traefik.yml"}
    assert ports(mounts=file, command=(WEB,)) == {8000}
    assert ports(command=(WEB,)) == {80}
    assert ports() == {1}


def test_labels_without_their_provider_make_no_route(tmp_path: Path) -> None:
    routes = routes_of(tmp_path, WEB, "--providers.file.directory=/x")
    assert at(routes, 80) is None
    assert "the provider that reads labels is off" in {route.unknown for route in routes}
