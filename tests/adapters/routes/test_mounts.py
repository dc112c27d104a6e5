"""Files that the front door reads at other places than those where they lie on this side."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.changed_copy import replace
from stacktest.core.model import FileRef, Mount, Stack
from tests.adapters.routes.front_doors import apps, caddy, leads, nginx, stack

DYNAMIC = """http:
  routers: {a: {rule: Host(`a.test`), service: a}}
  services: {a: {loadBalancer: {servers: [{url: http://app:80}]}}}
"""
SERVER = "server { listen 80; server_name a.test; location / { proxy_pass http://app; } }"
INCLUDING = "http { include /etc/nginx/conf.d/*.conf; }"


def with_files(of: Stack, **targets: str) -> Stack:
    """The stack with entries of `configs` at the front door: file on this side → target."""
    door = of.services["door"]
    files = [
        FileRef(name=name, path=str(of.root / name), secret=False, target=target)
        for name, target in targets.items()
    ]
    return replace(of, services={**of.services, "door": replace(door, files=tuple(files))})


def test_files_of_configs(tmp_path: Path) -> None:
    (tmp_path / "static").write_text("providers: {file: {directory: /etc/traefik/more}}")
    (tmp_path / "dynamic").write_text(DYNAMIC)
    (tmp_path / "dynamic.yml").symlink_to("dynamic")
    of = with_files(
        stack(tmp_path, *apps("app"), image="traefik:v3"),
        **{"static": "/etc/traefik/traefik.yml", "dynamic.yml": "/etc/traefik/more/a.yml"},
    )
    assert leads(read_routes(("traefik",), of)) == {"a.test": "app:80"}


def test_a_volume_that_is_a_folder_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.yml").write_text(DYNAMIC)
    command = ("--providers.file.directory=/more",)
    of = stack(tmp_path, *apps("app"), image="traefik:v3", command=command)
    door = replace(
        of.services["door"], mounts=(Mount(kind="volume", source="more", target="/more"),)
    )
    options = {"type": "none", "o": "bind", "device": str(tmp_path / "more")}
    of = replace(
        of,
        services={**of.services, "door": door},
        definitions={"volumes": {"more": {"driver": "local", "driver_opts": options}}},
    )
    assert leads(read_routes(("traefik",), of)) == {"a.test": "app:80"}


@pytest.mark.parametrize(
    ("target", "is_read"),
    [
        ("/etc/nginx/conf.d/a.conf", True),
        ("/etc/nginx/conf.d/more/a.conf", False),
        ("/etc/nginx/other/a.conf", False),
    ],
)
def test_a_file_that_is_mounted_into_an_included_folder(
    target: str, is_read: bool, tmp_path: Path
) -> None:
    (tmp_path / "of-mine").write_text(SERVER)
    of = stack(tmp_path, *apps("app"), mounts={target: "of-mine"})
    assert leads(nginx(tmp_path, INCLUDING, of)) == ({"a.test": "app:80"} if is_read else {})


def test_a_folder_hides_what_is_mounted_above_it(tmp_path: Path) -> None:
    (tmp_path / "outer" / "conf.d").mkdir(parents=True)
    (tmp_path / "outer" / "conf.d" / "a.conf").write_text(SERVER)
    (tmp_path / "inner").mkdir()
    mounts = {"/etc/nginx": "outer", "/etc/nginx/conf.d": "inner"}
    of = stack(tmp_path, *apps("app"), mounts=mounts)
    assert leads(nginx(tmp_path, INCLUDING, of)) == {}
    of = stack(tmp_path, *apps("app"), mounts={"/etc/nginx": "outer"})
    assert leads(nginx(tmp_path, INCLUDING, of)) == {"a.test": "app:80"}


def test_an_import_of_a_file_that_is_mounted_by_itself(tmp_path: Path) -> None:
    (tmp_path / "of-mine").write_text("http://a.test {\n reverse_proxy app\n}\n")
    of = stack(tmp_path, *apps("app"), mounts={"/etc/caddy/sites/a.caddy": "of-mine"})
    assert leads(caddy(tmp_path, "import /etc/caddy/sites/*.caddy\n", of)) == {"a.test": "app:80"}


def test_a_relative_import_means_a_place_in_the_container(tmp_path: Path) -> None:
    (tmp_path / "of-mine").write_text("http://a.test {\n reverse_proxy app\n}\n")
    mounts = {"/etc/caddy/Caddyfile": "Caddyfile", "/etc/caddy/sites/a.caddy": "of-mine"}
    of = stack(tmp_path, *apps("app"), mounts=mounts)
    for line in ("import sites/*.caddy", "import sites/a.caddy"):
        assert leads(caddy(tmp_path, f"{line}\n", of)) == {"a.test": "app:80"}
    text = "import sites/of-a-volume.caddy\nhttp://b.test {\n reverse_proxy app\n}\n"
    assert leads(caddy(tmp_path, text, of)) == {"b.test": "app:80"}
