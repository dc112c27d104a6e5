"""What a service is built on, and the configuration that is copied into its image."""

from pathlib import Path

import pytest

from stacktest.core.model import Build, Port, Service, Stack
from stacktest.init.dockerfile import base_image, copied_files
from stacktest.init.front_door import find_front_door
from stacktest.init.programs import recognise
from tests.support.known import known


def built(
    folder: Path,
    text: str,
    *,
    target: str = "",
    arguments: dict[str, str] | None = None,
    image: str = "",
) -> Service:
    (folder / "Dockerfile").write_text(text)
    return Service(
        name="x",
        image=image,
        build=Build(context=str(folder), target=target),
        ports=(Port(target=80, published=80),),
        definition={"build": {"args": arguments or {}}},
    )


@pytest.mark.case("compose/built-on-known", "compose/door-image-unknown")
@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("FROM postgres:16\nCOPY a /b\n", "postgres:16"),
        ("FROM golang AS made\nRUN x\nFROM caddy:2\nCOPY --from=made /a /b\n", "caddy:2"),
        ("FROM --platform=linux/amd64 redis:7 as final\n", "redis:7"),
        ("from redis:7\n", "redis:7"),
        ("ARG V=16\nFROM postgres:${V}\n", "postgres:16"),
        ("FROM node AS base\nFROM base AS final\n", "node"),
        ("# FROM no\nFROM \\\n  nginx\n", "nginx"),
        ("", ""),
    ],
)
def test_the_last_from_line_says_what_it_is(tmp_path: Path, text: str, image: str) -> None:
    assert base_image(built(tmp_path, text)) == image


def test_a_target_and_build_arguments_choose_the_stage(tmp_path: Path) -> None:
    text = "ARG V=1\nFROM redis:$V AS store\nFROM nginx AS web\n"
    assert base_image(built(tmp_path, text, target="store", arguments={"V": "7"})) == "redis:7"


def test_a_dockerfile_that_is_missing_or_written_inline(tmp_path: Path) -> None:
    gone = Service(name="x", build=Build(context=str(tmp_path / "gone")))
    assert base_image(gone) == ""
    inline = Service(
        name="x",
        build=Build(context=str(tmp_path), inline=True),
        definition={"build": {"dockerfile_inline": "FROM mongo:7"}},
    )
    assert base_image(inline) == "mongo:7"


def test_the_name_of_an_own_image_says_less_than_what_it_is_built_on(tmp_path: Path) -> None:
    service = built(tmp_path, "FROM postgres:16\n", image="shop/redis")
    assert known(recognise(service)).name == "PostgreSQL"


def test_a_configuration_that_is_copied_into_the_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("a.test {\n reverse_proxy b:1\n}\n")
    service = built(tmp_path, "FROM caddy:2\nCOPY --chown=1 Caddyfile /etc/caddy/\n")
    assert list(copied_files(service)) == [(tmp_path / "Caddyfile", "/etc/caddy/Caddyfile")]
    stack = Stack(name="d", root=tmp_path, services={"x": service})
    assert find_front_door(stack).sources == ("Caddyfile",)
