"""`VIRTUAL_HOST` as nginx-proxy reads it: who answers, and what is nginx-proxy's own."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Mount, Port, Service, Stack
from stacktest.core.route import Route
from tests.support.routed import service_behind

WEB = (Port(target=80, published=80), Port(target=443, published=443))


def app(name: str, **environment: str) -> Service:
    return Service(name=name, environment=environment)


def read(
    root: Path, *apps: Service, volumes: tuple[str, ...] = (), **environment: str
) -> tuple[Route, ...]:
    """The routes; a folder of the root is mounted below /etc/nginx where it exists."""
    binds = [
        Mount(kind="bind", source=str(root / name), target=f"/etc/nginx/{name}")
        for name in ("certs", "vhost.d", "htpasswd", "conf.d", "proxy.conf")
        if (root / name).exists()
    ]
    named = [Mount(kind="volume", source="v", target=f"/etc/nginx/{name}") for name in volumes]
    door = Service(name="door", ports=WEB, mounts=(*binds, *named), environment=environment)
    services = {service.name: service for service in (door, *apps)}
    stack = Stack(name="t", root=root, services=services, front_door="door")
    return read_routes(("nginx-proxy",), stack)


def write(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)


def who(
    routes: tuple[Route, ...], host: str, path: str = "/", status: int = 200, port: int = 80
) -> str | None:
    return service_behind(routes, host=host, path=path, status=status, port=port)


def leads(routes: tuple[Route, ...]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for route in routes:
        rows.setdefault(route.host, f"{route.service}:{route.port}")
    return rows


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({"VIRTUAL_HOST": "a.test"}, {"a.test": "app:None"}),
        ({"VIRTUAL_HOST": "A.test, b.test,", "VIRTUAL_PORT": "3000"},
         {"a.test": "app:3000", "b.test": "app:3000"}),
        ({"VIRTUAL_HOST": "*.a.test,a.*"}, {"*.a.test": "app:None", "a.*": "app:None"}),
        ({"VIRTUAL_HOST_MULTIPORTS": "a.test:\n  '/': {port: 1}\nb.test: {}"},
         {"a.test": "app:1", "b.test": "app:None"}),
        ({"VIRTUAL_HOST": ""}, {}),
    ],
)  # fmt: skip
def test_the_environment_names_hosts_and_ports(
    tmp_path: Path, environment: dict[str, str], hosts: dict[str, str]
) -> None:
    assert leads(read(tmp_path, app("app", **environment))) == hosts


def test_the_longest_path_wins_and_the_rest_is_the_front_doors_own(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        app("web", VIRTUAL_HOST="a.test", VIRTUAL_PATH="/web/"),
        app("api", VIRTUAL_HOST="a.test", VIRTUAL_PATH="/web/api/"),
    )
    assert who(routes, "a.test", "/web/x") == "web"
    assert who(routes, "a.test", "/web/api/x") == "api"
    assert who(routes, "a.test", "/", 404) is None


def test_two_services_of_one_name_and_path_are_not_told_apart(tmp_path: Path) -> None:
    routes = read(tmp_path, app("a", VIRTUAL_HOST="x.test"), app("b", VIRTUAL_HOST="x.test"))
    assert who(routes, "x.test") is None


@pytest.mark.parametrize("file", ["certs/a.b.test.crt", "certs/b.test.crt", "certs/own.crt"])
def test_with_a_certificate_plain_http_is_led_away_by_nginx_proxy_itself(
    tmp_path: Path, file: str
) -> None:
    write(tmp_path, file)
    certificate = {"CERT_NAME": "own"} if "own" in file else {}
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.b.test", **certificate))
    assert who(routes, "a.b.test", port=443) == "app"
    assert who(routes, "a.b.test", status=301) is None
    assert who(routes, "a.b.test", status=301, port=443) == "app"


def test_without_a_certificate_the_service_answers_plain_http(tmp_path: Path) -> None:
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"))
    assert who(routes, "a.test", status=301) == "app"


def test_whether_the_default_certificate_counts_is_a_matter_of_the_version(tmp_path: Path) -> None:
    write(tmp_path, "certs/default.crt")
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"))
    assert who(routes, "a.test", status=301) is None
    assert (who(routes, "a.test"), who(routes, "a.test", port=443)) == ("app", "app")


def test_nginx_proxy_may_listen_at_other_ports(tmp_path: Path) -> None:
    write(tmp_path, "certs/a.test.crt")
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"), HTTP_PORT="8080", HTTPS_PORT="8443")
    assert who(routes, "a.test", status=301, port=8080) is None
    assert who(routes, "a.test", port=8443) == "app"


@pytest.mark.parametrize(
    ("method", "owner"), [("", None), ("noredirect", "app"), ("nohttps", "app")]
)
def test_whether_a_volume_holds_a_certificate_is_not_known(
    tmp_path: Path, method: str, owner: str | None
) -> None:
    service = app("app", VIRTUAL_HOST="a.test", HTTPS_METHOD=method)
    routes = read(tmp_path, service, volumes=("certs",))
    assert who(routes, "a.test", status=301) == owner
    assert who(routes, "a.test") == "app"


@pytest.mark.parametrize(
    ("file", "text", "status", "owner"),
    [
        ("htpasswd/a.test", "bob:x", 401, None),
        ("htpasswd/a.test", "bob:x", 200, "app"),
        ("htpasswd/b.test", "bob:x", 401, "app"),
        ("vhost.d/a.test", "client_max_body_size 10G;\n", 200, "app"),
        ("vhost.d/a.test", "# location /x\nlocation /x { return 200; }\n", 200, None),
        ("vhost.d/default_location", "  deny all;\n", 200, None),
        ("vhost.d/a.test_location_override", "  return 200;\n", 200, None),
        ("vhost.d/b.test_location_override", "  return 200;\n", 200, "app"),
        ("vhost.d/a.test", "add_header X y; return 200;\n", 200, None),
        ("vhost.d/a.test", "client_max_body_size\n1m; # return 200;\n", 200, "app"),
        ("vhost.d/a.test", 'add_header X "; return 200;";\n', 200, "app"),
        ("vhost.d/A.test", "return 200;\n", 200, None),
        ("vhost.d/default", "proxy_cache z;\n", 200, None),
        ("proxy.conf", "proxy_set_header Host $host;\nclient_max_body_size 1m;\n", 200, "app"),
        ("proxy.conf", "server { listen 80; server_name a.test; return 200; }\n", 200, None),
        ("proxy.conf", "proxy_cache z;\n", 200, None),
        ("conf.d/mine.conf", "server { server_name b.test; location / { deny all; } }", 200, "app"),
        ("conf.d/mine.conf", "server { server_name b.test *.test; return 200; }", 200, None),
        ("conf.d/mine.conf", "limit_req_zone $x zone=a:1m rate=1r/s;\n", 200, "app"),
        ("conf.d/mine.conf", "deny all;\n", 200, None),
        ("conf.d/default.conf", "server { server_name a.test; return 200; }", 200, "app"),
    ],
)  # fmt: skip
def test_files_by_host_name_say_what_nginx_proxy_answers(
    tmp_path: Path, file: str, text: str, status: int, owner: str | None
) -> None:
    write(tmp_path, file, text)
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"))
    assert who(routes, "a.test", status=status) == owner


def mounted(root: Path, *files: str) -> tuple[Route, ...]:
    """The routes of `app`; each file of the root is mounted by itself below /etc/nginx."""
    binds = tuple(
        Mount(kind="bind", source=str(root / file), target=f"/etc/nginx/{file}") for file in files
    )
    services = (Service(name="door", ports=WEB, mounts=binds), app("app", VIRTUAL_HOST="a.test"))
    by_name = {service.name: service for service in services}
    of = Stack(name="t", root=root, services=by_name, front_door="door")
    return read_routes(("nginx-proxy",), of)


@pytest.mark.parametrize(
    ("file", "text", "status"),
    [
        ("vhost.d/a.test", "return 200;", 200),
        ("vhost.d/default_location", "return 200;", 200),
        ("certs/a.test.crt", "", 301),
        ("htpasswd/a.test", "bob:x", 401),
    ],
)
def test_a_file_may_be_mounted_by_itself(tmp_path: Path, file: str, text: str, status: int) -> None:
    write(tmp_path, file, text)
    assert who(mounted(tmp_path, file), "a.test", status=status) is None


def test_a_names_own_file_takes_the_place_of_that_for_all(tmp_path: Path) -> None:
    write(tmp_path, "vhost.d/default", "return 200;\n")
    write(tmp_path, "vhost.d/a.test", "client_max_body_size 1m;\n")
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"), app("b", VIRTUAL_HOST="b.test"))
    assert (who(routes, "a.test"), who(routes, "b.test")) == ("app", None)


def test_what_leads_to_the_folder_of_a_path_is_nginxs_own_redirect(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        app("web", VIRTUAL_HOST="a.test"),
        app("api", VIRTUAL_HOST="a.test", VIRTUAL_PATH="/api/", VIRTUAL_DEST="/"),
    )
    assert who(routes, "a.test", "/api", 301) is None
    assert (who(routes, "a.test", "/apix"), who(routes, "a.test", "/api/")) == ("web", "api")


def test_a_file_that_answers_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "vhost.d/a.test", "# ours\nreturn 200;\n")
    routes = read(tmp_path, app("app", VIRTUAL_HOST="a.test"))
    assert [route.where for route in routes if route.unknown] == ["vhost.d/a.test:2"]


@pytest.mark.parametrize("text", ["a.test", "- a.test", "a: [unclosed"])
def test_what_is_not_a_mapping_costs_this_service_only(tmp_path: Path, text: str) -> None:
    routes = read(
        tmp_path, app("bad", VIRTUAL_HOST_MULTIPORTS=text), app("app", VIRTUAL_HOST="a.test")
    )
    assert who(routes, "a.test") == "app"
    assert [(route.host, bool(route.unknown), route.where) for route in routes[1:]] == [
        ("bad@", True, "services.bad.environment.VIRTUAL_HOST_MULTIPORTS")
    ]


def test_a_port_that_is_none_is_not_known(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        app("a", VIRTUAL_HOST="a.test", VIRTUAL_PORT="http"),
    )
    assert {route.host: route.unknown for route in routes if route.unknown} == {
        "a.test": "'http' is not a port number"
    }


@pytest.mark.parametrize(
    ("path", "api", "web"),
    [
        ("/api/", "/api/x", "/x"),
        ("= /api", "/api", "/api/x"),
        ("~^/(api|v2)", "/v2/x", "/API"),
        ("~* ^/api", "/API/x", "/x/api"),
        ("^~ /api/", "/api/x", "/x"),
    ],
)
def test_a_path_goes_before_all_others(path: str, api: str, web: str, tmp_path: Path) -> None:
    routes = read(
        tmp_path, app("web", VIRTUAL_HOST="a.test"), app("api", VIRTUAL_HOST="a.test", VIRTUAL_PATH=path)
    )  # fmt: skip
    assert (who(routes, "a.test", api), who(routes, "a.test", web)) == ("api", "web")


def test_a_star_stands_for_several_labels(tmp_path: Path) -> None:
    routes = read(tmp_path, app("app", VIRTUAL_HOST="*.a.test"))
    assert [who(routes, host) for host in ("x.a.test", "x.y.a.test", "a.test")] == [
        "app",
        "app",
        None,
    ]
