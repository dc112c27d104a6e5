"""Labels as caddy-docker-proxy reads them: the same sites as a Caddyfile would have."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Mount, Port, Service, Stack
from stacktest.core.route import Route
from tests.support.routed import service_behind

WEB = (Port(target=80, published=80), Port(target=443, published=443))


def read(root: Path, *labels: dict[str, str], **door: Any) -> tuple[Route, ...]:
    """The routes of services s0, s1, … with these labels."""
    apps = [Service(name=f"s{n}", labels=items) for n, items in enumerate(labels)]
    front = Service(name="door", ports=WEB, **door)
    services = {service.name: service for service in (front, *apps)}
    stack = Stack(name="t", root=root, services=services, front_door="door")
    return read_routes(("caddy-docker-proxy",), stack)


def leads(routes: tuple[Route, ...]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for route in routes:
        rows.setdefault(route.host, route.unknown or f"{route.service}:{route.port}")
    return rows


def who(routes: tuple[Route, ...], host: str, path: str = "/", status: int = 200) -> str | None:
    return service_behind(routes, host=host, path=path, status=status, port=443)


@pytest.mark.parametrize(
    ("template", "target"),
    [
        ("{{upstreams 3000}}", "s0:3000"),
        ("{{ upstreams 3000 }}", "s0:3000"),
        ("{{upstreams}}", "s0:80"),
        ("{{upstreams https}}", "s0:443"),
        ("{{upstreams http 8080}}", "s0:8080"),
        ("s0:9", "s0:9"),
        ("{{.Name}}:80", "the upstream depends on {template}"),
    ],
)
def test_upstreams_are_the_service_that_has_the_label(
    tmp_path: Path, template: str, target: str
) -> None:
    routes = read(tmp_path, {"caddy": "a.test", "caddy.reverse_proxy": template})
    assert leads(routes) == {"a.test": target}


def test_numbers_tell_sites_apart_and_put_directives_in_order(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {
            "caddy_0": "a.test, b.test",
            "caddy_0.handle_1": "/api/*",
            "caddy_0.handle_1.reverse_proxy": "{{upstreams 1}}",
            "caddy_0.handle_2.respond": '"none of ours" 200',
            "caddy_1": "http://c.test",
            "caddy_1.route.2_respond": "200",
            "caddy_1.route.1_reverse_proxy": "{{upstreams 2}}",
        },
    )
    assert (who(routes, "a.test", "/api/x"), who(routes, "b.test", "/x")) == ("s0", None)
    assert service_behind(routes, host="c.test", port=80) == "s0"


def test_labels_of_several_services_make_one_site(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"},
        {"caddy": "a.test", "caddy.handle_path": "/api/*",
         "caddy.handle_path.0_reverse_proxy": "{{upstreams}}"},
    )  # fmt: skip
    assert (who(routes, "a.test"), who(routes, "a.test", "/api/x")) == ("s0", "s1")


def test_two_services_behind_one_name_are_not_told_apart(tmp_path: Path) -> None:
    site = {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"}
    assert who(read(tmp_path, site, site), "a.test") is None


def test_a_sign_in_and_the_answers_of_caddy_itself_are_nobodys(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {
            "caddy": "a.test",
            "caddy.basic_auth.bob": "$2a$14$x",
            "caddy.@old.path": "/old /older",
            "caddy.redir": "@old /new",
            "caddy.reverse_proxy": "{{upstreams}}",
        },
    )
    assert who(routes, "a.test", status=401) is None
    assert who(routes, "a.test", "/older", 302) is None
    assert who(routes, "a.test") == "s0"
    assert service_behind(routes, host="a.test", port=80, status=308) is None


def test_snippets_and_global_options_stand_in_any_service(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.import": "closed", "caddy.reverse_proxy": "{{upstreams}}"},
        {"caddy_1": "(closed)", "caddy_1.respond": "403", "caddy.auto_https": "off"},
    )
    assert who(routes, "a.test") is None
    assert leads(routes) == {"a.test": "None:None"}


def test_a_site_that_cannot_be_read_costs_its_own_name_only(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.import": "elsewhere"},
        {"caddy": "b.test", "caddy.reverse_proxy": "{{upstreams}}"},
    )
    assert who(routes, "b.test") == "s1"
    assert leads(routes)["a.test"] == "`import elsewhere`: neither a snippet nor a file"
    assert routes[-1].where == "services.s0.labels.caddy.import"


def test_the_label_stands_where_a_file_would_have_its_line(tmp_path: Path) -> None:
    routes = read(tmp_path, {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"})
    assert routes[0].where == "services.s0.labels.caddy.reverse_proxy"


def test_the_base_caddyfile_goes_first(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("{\n auto_https off\n}\n(tls) {\n tls internal\n}\n"
                                        "b.test {\n reverse_proxy s0:1\n}\n")  # fmt: skip
    mount = Mount(kind="bind", source=str(tmp_path / "Caddyfile"), target="/etc/caddy/Caddyfile")
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.import": "tls", "caddy.reverse_proxy": "{{upstreams}}"},
        command=("docker-proxy", "--caddyfile-path", "/etc/caddy/Caddyfile"),
        mounts=(mount,),
    )
    assert leads(routes) == {"b.test": "s0:1", "a.test": "s0:80"}


def test_a_snippet_that_the_base_caddyfile_has_already_costs_no_site(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("(tls) {\n tls internal\n}\n")
    mount = Mount(kind="bind", source=str(tmp_path / "Caddyfile"), target="/etc/caddy/Caddyfile")
    routes = read(
        tmp_path,
        {"caddy_1": "(tls)", "caddy_1.tls": "internal", "caddy_2": "a.test",
         "caddy_2.import": "tls", "caddy_2.reverse_proxy": "{{upstreams}}"},
        environment={"CADDY_DOCKER_CADDYFILE_PATH": "/etc/caddy/Caddyfile"},
        mounts=(mount,),
    )  # fmt: skip
    assert who(routes, "a.test") == "s0"


def test_a_base_caddyfile_in_the_image_is_not_known(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.reverse_proxy": "{{upstreams}}"},
        environment={"CADDY_DOCKER_CADDYFILE_PATH": "/srv/Caddyfile"},
    )
    assert leads(routes)["/srv/Caddyfile@"].endswith("no mount shows it")
    assert who(routes, "a.test") == "s0"


@pytest.mark.parametrize(
    "door", [{"environment": {"CADDY_DOCKER_LABEL_PREFIX": "web"}},
             {"command": ("docker-proxy", "--label-prefix=web")}]
)  # fmt: skip
def test_the_prefix_of_the_labels_can_be_another(tmp_path: Path, door: dict[str, Any]) -> None:
    labels = {"web": "a.test", "web.reverse_proxy": "{{upstreams}}", "caddy": "b.test"}
    assert list(leads(read(tmp_path, labels, **door))) == ["a.test"]


@pytest.mark.parametrize("value", ["{", "}", '"', "<<X", "{{", "a.test {"])
def test_no_value_breaks_the_others(tmp_path: Path, value: str) -> None:
    routes = read(
        tmp_path,
        {"caddy": "a.test", "caddy.respond": value},
        {"caddy": "b.test", "caddy.reverse_proxy": "{{upstreams}}"},
    )
    assert who(routes, "b.test") == "s1"
