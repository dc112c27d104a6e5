"""The rule of a container whose labels have none."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Service
from tests.adapters.routes.front_doors import leads, stack

RULE = "--providers.docker.defaultrule="
ON = {"traefik.enable": "true"}


@pytest.mark.parametrize(
    ("template", "host"),
    [
        ("Host(`{{ normalize .Name }}.x.test`)", "my-app-t.x.test"),
        ("Host(`{{ .Name }}.x.test`)", "my-app-t.x.test"),
        ("Host(`{{ trimPrefix `/` .ContainerName }}.x.test`)", "app1.x.test"),
        ('Host(`{{ index .Labels "com.docker.compose.service" }}.x.test`)', "my_app.x.test"),
        ('Host(`{{normalize (index .Labels "site")}}.x.test`)', "the-site.x.test"),
    ],
)
def test_names_of_the_template(template: str, host: str, tmp_path: Path) -> None:
    app = Service(name="my_app", container_name="app1", labels={**ON, "site": "the.site"})
    of = stack(
        tmp_path,
        app,
        image="traefik:v3",
        command=(f"{RULE}{template}",),
        labels={"traefik.enable": "false"},
    )
    assert leads(read_routes(("traefik",), of)) == {host: "my_app:None"}


def test_a_rule_of_its_own_wins_and_a_router_without_one_gets_it(tmp_path: Path) -> None:
    own = Service(name="own", labels={"traefik.http.routers.own.rule": "Host(`own.test`)"})
    port = Service(name="port", labels={"traefik.http.services.p.loadbalancer.server.port": "80"})
    named = Service(name="named", labels={"traefik.http.routers.n.entrypoints": "web"})
    off = Service(name="off", labels={"traefik.enable": "false"})
    tcp = Service(name="tcp", labels={"traefik.tcp.routers.t.rule": "HostSNI(`*`)"})
    quiet = Service(name="quiet")
    of = stack(
        tmp_path, own, port, named, off, tcp, quiet,
        image="traefik:v3", command=(f"{RULE}Host(`{{{{ .Name }}}}.test`)",), labels={"traefik.enable": "false"},
    )  # fmt: skip
    assert leads(read_routes(("traefik",), of)) == {
        "own.test": "own:None",
        "port-t.test": "port:80",
        "named-t.test": "named:None",
    }


def test_a_template_that_says_more_is_not_known(tmp_path: Path) -> None:
    template = "Host(`{{ if .Name }}x{{ end }}.test`)"
    app = Service(name="app", labels=ON)
    of = stack(
        tmp_path,
        app,
        image="traefik:v3",
        command=(f"{RULE}{template}",),
        labels={"traefik.enable": "false"},
    )
    assert leads(read_routes(("traefik",), of)) == {"app@": "Traefik makes its rule of a template"}


def test_without_a_default_rule_a_container_has_no_name(tmp_path: Path) -> None:
    of = stack(tmp_path, Service(name="app", labels=ON), image="traefik:v3", command=())
    assert read_routes(("traefik",), of) == ()
