"""A name that is made of a variable which nothing sets is not known; it costs nobody else a name."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.adapters.routes.blank_names import blank_names
from stacktest.core.model import Port, Service, Stack
from stacktest.core.route import Route

WEB = (Port(target=80, published=80), Port(target=443, published=443))


def read(root: Path, text: str, word: str, key: str, *services: Service) -> tuple[Route, ...]:
    """The routes of a stack whose compose file has this text, without DOMAIN."""
    (root / "compose.yaml").write_text(text)
    apps = {service.name: service for service in services}
    stack = Stack(
        name="t",
        root=root,
        services={"door": Service(name="door", ports=WEB), **apps},
        front_door="door",
        compose_files=(str(root / "compose.yaml"),),
        unset_variables={"DOMAIN": (f"services.a.{key}",)},
    )
    return read_routes((word,), stack)


def leads(routes: tuple[Route, ...]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for route in routes:
        rows.setdefault(route.host, route.unknown or str(route.service))
    return rows


@pytest.mark.case("compose/one-host-unset", "field/b16")
@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("a.${DOMAIN}", "a."),
        ("${DOMAIN}.test", ".test"),
        ("a-$DOMAIN.test", "a-.test"),
        ("${NAME}.${DOMAIN}", "x."),
    ],
)
@pytest.mark.parametrize("form", ["list", "mapping"])
def test_labels_of_traefik(tmp_path: Path, written: str, left: str, form: str) -> None:
    label = "traefik.http.routers.a.rule"
    rule = f"Host(`{written}`) || Host(`whole.test`)"
    line = f"['{label}={rule}']" if form == "list" else f"{{'{label}': '{rule}'}}"
    labels = {label: f"Host(`{left}`) || Host(`whole.test`)"}
    other = Service(name="b", labels={"traefik.http.routers.b.rule": "Host(`b.test`)"})
    routes = read(
        tmp_path,
        f"services:\n  a:\n    labels: {line}\n",
        "traefik",
        "labels",
        Service(name="a", labels=labels),
        other,
    )
    assert leads(routes) == {"b.test": "b", "whole.test": "a", written: "DOMAIN is not set"}


@pytest.mark.parametrize(
    ("written", "left", "known"),
    [
        ("${DOMAIN}", "", {}),
        ("a.${DOMAIN}", "a.", {}),
        ("whole.test, a.${DOMAIN}", "whole.test, a.", {"whole.test": "a"}),
        ("https://a.${DOMAIN}:8443", "https://a.:8443", {}),
        ("a.${DOMAIN}/x/*", "a./x/*", {}),
    ],
)
def test_labels_of_caddy_docker_proxy(
    tmp_path: Path, written: str, left: str, known: dict[str, str]
) -> None:
    routes = read(
        tmp_path,
        f"services: {{a: {{labels: {{caddy: '{written}'}}}}}}",
        "caddy-docker-proxy",
        "labels",
        Service(name="a", labels={"caddy": left, "caddy.reverse_proxy": "{{upstreams}}"}),
        Service(name="b", labels={"caddy": "b.test", "caddy.reverse_proxy": "{{upstreams}}"}),
    )
    blank = written.rpartition(" ")[2]
    assert leads(routes) == {"b.test": "b", **known, blank: "DOMAIN is not set"}


@pytest.mark.parametrize(
    ("written", "left"),
    [("${DOMAIN}", ""), ("a.${DOMAIN}", "a."), ("a.$DOMAIN,w.test", "a.,w.test")],
)
def test_virtual_hosts(tmp_path: Path, written: str, left: str) -> None:
    routes = read(
        tmp_path,
        f"services: {{a: {{environment: ['VIRTUAL_HOST={written}']}}}}",
        "nginx-proxy",
        "environment",
        Service(name="a", environment={"VIRTUAL_HOST": left}),
        Service(name="b", environment={"VIRTUAL_HOST": "b.test"}),
    )
    known = {"b.test": "b"} | ({"w.test": "a"} if "w.test" in left else {})
    assert leads(routes) == {**known, written.partition(",")[0]: "DOMAIN is not set"}


CADDY = """
http://a.{$SITE} {
    reverse_proxy a
}
http://b.test {
    reverse_proxy b
}
"""
NGINX = """
server { listen 80; server_name a.${SITE}; location / { proxy_pass http://a; } }
server { listen 80; server_name b.test; location / { proxy_pass http://b; } }
"""


@pytest.mark.parametrize(("name", "text"), [("Caddyfile", CADDY), ("x.conf.template", NGINX)])
@pytest.mark.parametrize("setting", ["${DOMAIN}", "x.${DOMAIN}"])
def test_the_front_doors_own_environment(
    tmp_path: Path, name: str, text: str, setting: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "compose.yaml").write_text(
        f"services: {{door: {{environment: {{SITE: '{setting}'}}}}}}"
    )
    door: dict[str, Any] = {"environment": {"SITE": setting.replace("${DOMAIN}", "")}}
    stack = Stack(
        name="t",
        root=tmp_path,
        services={
            "door": Service(name="door", ports=WEB, **door),
            "a": Service(name="a"),
            "b": Service(name="b"),
        },
        front_door="door",
        compose_files=(str(tmp_path / "compose.yaml"),),
        unset_variables={"DOMAIN": ("services.door.environment",)},
    )
    found = leads(read_routes((name,), stack))
    assert found.pop("b.test") == "b"
    assert [why for why in found.values() if "SITE is not set" in why] == list(found.values())
    assert found


def test_a_name_of_which_another_file_says_a_part(tmp_path: Path) -> None:
    labels = {
        "traefik.http.routers.a.rule": "Host(`a.`)",
        "traefik.http.routers.b.rule": "Host(`.x`)",
    }
    text = "services: {a: {extends: {file: common.yaml, service: base}}}"
    routes = read(tmp_path, text, "traefik", "labels", Service(name="a", labels=labels))
    assert leads(routes) == dict.fromkeys(("a.", ".x"), "a part of the name is blank")


def test_a_name_that_is_whole_is_nobodys_blank(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {labels: {x: 'y.${DOMAIN:-test}'}}}")
    stack = Stack(
        name="t",
        root=tmp_path,
        services={},
        compose_files=(str(tmp_path / "compose.yaml"), str(tmp_path / "gone.yaml")),
        unset_variables={"DOMAIN": ("services.a.environment",)},
    )
    assert blank_names(stack, "a", "labels")("y.test") is None
