"""Two front doors: one that is asked, and one that it may lead to."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.route import Route
from tests.adapters.routes.front_doors import leads, stack, who

UNSURE = "whether door, which is asked, leads to traefik for it"
RULE = "traefik.http.routers.app.rule"
PORT = "traefik.http.services.app.loadbalancer.server.port"


def routes_of(
    root: Path, text: str, *, command: tuple[str, ...] = (), **door: str
) -> tuple[Route, ...]:
    (root / "Caddyfile").write_text(text)
    labels = {RULE: "Host(`app.x.test`)", PORT: "3000"}
    app = Service(name="app", labels=labels)
    traefik = Service(name="traefik", image="traefik:v3.1", command=command)
    of: Stack = stack(root, app, traefik, Service(name="web"))
    services = {**of.services, "door": replace(of.services["door"], **door)}
    return read_routes(("Caddyfile", "traefik"), replace(of, services=services))


@pytest.mark.parametrize(
    "text",
    [
        "http://web.x.test {\n reverse_proxy web:80\n}",
        "http://web.x.test {\n reverse_proxy web:80\n}\n:80 {\n respond hello\n}",
        "http://*.x.test {\n reverse_proxy web:80\n}",
    ],
)
def test_a_name_that_the_first_does_not_lead_on_is_not_known(text: str, tmp_path: Path) -> None:
    routes = routes_of(tmp_path, text)
    assert leads(routes)["app.x.test"] == UNSURE
    assert [who(routes, "app.x.test", status=status) for status in (200, 404)] == [None, None]


@pytest.mark.parametrize("command", [(), ("--entrypoints.web.address=:8000",)])
@pytest.mark.parametrize("site", ["http://*.x.test", ":80"])
def test_a_name_that_the_first_leads_on_is_the_seconds(
    site: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    text = f"{site} {{\n respond /health ok\n reverse_proxy traefik:8000\n}}"
    routes = routes_of(tmp_path, text, command=command)
    assert leads(routes)["app.x.test"] == "app:3000"
    assert who(routes, "app.x.test", "/") == "app"
    assert who(routes, "app.x.test", "/health") is None


def test_what_the_first_may_answer_by_itself_is_nobodys(tmp_path: Path) -> None:
    text = "http://*.x.test {\n basic_auth {\n  me x\n }\n reverse_proxy traefik:80\n}"
    routes = routes_of(tmp_path, text)
    assert [who(routes, "app.x.test", status=s) for s in (200, 401)] == ["app", None]


def test_a_path_that_the_first_strips_is_another_for_the_second(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_text(
        "server { listen 80; server_name app.x.test;"
        " location / { proxy_pass http://app; } location /old { return 301 /new; } }"
    )
    (tmp_path / "Caddyfile").write_text(
        "http://*.x.test {\n handle_path /strip/* {\n  reverse_proxy second:80\n }\n"
        " reverse_proxy second:80\n}"
    )
    of = stack(tmp_path, Service(name="app"), Service(name="second", image="nginx:1.27"))
    routes = read_routes(("Caddyfile", "site.conf"), of)
    answers = {"/": "app", "/old": None, "/strip/old": None, "/strip/x": None}
    assert {path: who(routes, "app.x.test", path, 301) for path in answers} == answers


def test_an_entry_point_that_the_first_does_not_use_has_no_part(tmp_path: Path) -> None:
    text = "http://*.x.test {\n reverse_proxy traefik:80\n}"
    routes = routes_of(tmp_path, text, command=("--entrypoints.web.address=:8000",))
    assert "app.x.test" not in leads(routes)
    assert who(routes, "app.x.test") == "traefik"


def test_a_front_door_that_reads_files_and_labels_is_one(tmp_path: Path) -> None:
    text = "http://web.x.test {\n reverse_proxy web:80\n}"
    assert leads(routes_of(tmp_path, text, image="traefik:v3"))["app.x.test"] == "app:3000"
