"""A front door's file that is there and cannot be read: an unread route with its place, no error."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes, unnamed_servers
from stacktest.adapters.routes.traefik.document import Unread, document_of
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError

CADDY = "https://app.test {\n  reverse_proxy app:80\n}\n"
NGINX = (
    "server {\n  listen 80;\n  server_name app.test;\n  location / { proxy_pass http://app; }\n}\n"
)
TRAEFIK = "http:\n  routers:\n    app:\n      rule: Host(`app.test`)\n      service: app\n"
FILES = {"caddy:door.txt": CADDY, "nginx:door.txt": NGINX, "traefik:door.yml": TRAEFIK}
KINDS = sorted(FILES)


def stack(root: Path, **labels: str) -> Stack:
    names = ("door", "app")
    services = {name: Service(name=name, image="a:1", labels=labels) for name in names}
    return Stack(name="shop", root=root, services=services, front_door="door")


def folder(path: Path, _text: str) -> None:
    path.mkdir()


def dangling(path: Path, _text: str) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path, _text: str) -> None:
    os.mkfifo(path)


def not_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode() + b"\n# \xff\n")


def not_closed(path: Path, text: str) -> None:
    path.write_text(text + "a {\n  b: [\n")


def nested(path: Path, text: str) -> None:
    depth = 3000
    blocks = "location /a { " * depth + "}" * depth if "listen" in text else "handle {\n" * depth
    ends = "" if "listen" in text else "}\n" * depth
    lists = "- " * depth + "a"
    path.write_text(
        lists if "routers" in text else f"{text.rstrip().rstrip('}')}\n{blocks}{ends}}}\n"
    )


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("make", [folder, dangling, pipe, not_text, not_closed, nested])
def test_it_is_an_unread_route_with_its_place(source: str, make: object, tmp_path: Path) -> None:
    name = source.partition(":")[2]
    assert callable(make)
    make(tmp_path / name, FILES[source])
    (route,) = read_routes((source,), stack(tmp_path), goes_on=True)
    assert route.is_unread
    assert (route.service, route.is_exact, route.has_name) == (None, False, False)
    assert route.where.split(":")[0] == name
    assert route.unknown


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ("app.test;", "app.test", 'door.txt:3: "server_name" lacks its `;`'),
        ("listen 80;", "root /x {}", 'door.txt:2: "root" lacks its `;`'),
        (
            "location / { proxy_pass http://app; }",
            "location /;",
            'door.txt:4: "location" lacks its `{`',
        ),
        ("server {", "map $a $b { root x; location y; }\nserver {", ""),
        ("server {", "upstream up { server app; }\nserver {", ""),
        ("proxy_pass http://app;", "novel { root x; }", ""),
    ],
)
def test_a_fragment_of_nginx_with_a_missing_sign(
    good: str, bad: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "door.txt").write_text(NGINX.replace(good, bad))
    routes = read_routes(("nginx:door.txt",), stack(tmp_path), goes_on=True)
    shown = [f"{route.where}: {route.unknown}" for route in routes if route.is_unread]
    place, _, reason = why.partition(": ")
    assert len(shown) == bool(why)
    assert all(text.startswith(f"{place}: ") and reason in text for text in shown)


@pytest.mark.parametrize("source", KINDS)
def test_a_file_that_can_be_read_is_read(source: str, tmp_path: Path) -> None:
    (tmp_path / source.partition(":")[2]).write_text(FILES[source])
    routes = read_routes((source,), stack(tmp_path), goes_on=True)
    assert "app.test" in {route.host for route in routes}
    assert not any(route.is_unread for route in routes)


@pytest.mark.parametrize("source", KINDS)
def test_a_file_that_is_not_there_is_a_mistake_in_the_configuration(
    source: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_routes((source,), stack(tmp_path), goes_on=True)


def test_other_front_doors_and_declared_names_stay(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").mkdir()
    (tmp_path / "other.conf").write_text(NGINX)
    sources = ("Caddyfile", "other.conf")
    shop = stack(tmp_path)
    routes = read_routes(sources, shop, hosts={"said.test": "app:80"}, goes_on=True)
    known = {route.host: route.service for route in routes if not route.is_unread and route.service}
    assert known == {"said.test": "app", "app.test": "app"}
    assert [route.where for route in routes if route.is_unread] == ["Caddyfile:1"]


def test_an_included_file_that_cannot_be_read_counts_for_the_whole(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(f"import missing.caddy\n{CADDY}")
    (route,) = read_routes(("Caddyfile",), stack(tmp_path), goes_on=True)
    assert (route.is_unread, route.where) == (True, "Caddyfile:1")


def test_blocks_that_only_the_parser_can_read_are_no_bug_of_check(tmp_path: Path) -> None:
    text = "server { " + "location /a { " * 900 + "}" * 900 + "}"
    (tmp_path / "door.conf").write_text(text)
    (route,) = read_routes(("door.conf",), stack(tmp_path), goes_on=True)
    assert (route.is_unread, route.where) == (True, "door.conf")
    assert unnamed_servers(("door.conf",), stack(tmp_path)) == ()


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("x.yml", "a: [\n", "my conf/x.yml:2"),
        ("x.toml", "a = [", "my conf/x.toml"),
        ("1:2.yml", "a: [\n", "my conf/1:2.yml:2"),
    ],
)
def test_the_place_of_a_file_with_a_space(name: str, text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "my conf").mkdir()
    file = tmp_path / "my conf" / name
    file.write_text(text)
    unread = document_of(file, stack(tmp_path))
    assert isinstance(unread, Unread)
    assert unread.place == place
    assert unread.why.startswith(place)
    assert unread.reason == unread.why.removeprefix(place).lstrip(": ")
