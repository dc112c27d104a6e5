"""An image that Compose built names its project: what is made here from it is not of that project."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.documents import PROJECT, SERVICE
from stacktest.adapters.engine.labels import RUN, UPDATE
from stacktest.adapters.engine.spare_containers import SpareContainers
from stacktest.core.update.journal import OldContainer
from tests.support.docker_command import docker

pytestmark = pytest.mark.real_docker

NAME = f"t-built-{os.getpid()}"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image with the labels that Compose gives to what it builds."""
    labels = [f"--label={key}={value}" for key, value in {PROJECT: NAME, SERVICE: "app"}.items()]
    subprocess.run(
        ["docker", "build", "--quiet", *labels, "--tag", NAME, "-"],
        input=b"FROM stacktest-base:bookworm\n",
        check=True,
        capture_output=True,
    )
    yield NAME
    docker("image", "rm", NAME)


@pytest.fixture
def engine(image: str) -> Iterator[Engine]:
    yield Engine()
    for label in (PROJECT, RUN, UPDATE):
        if ids := docker("ps", "--all", "--quiet", "--filter", f"label={label}={NAME}"):
            docker("rm", "--force", *ids.split())


def test_a_container_of_the_image_is_of_the_project_unless_that_is_denied(engine: Engine) -> None:
    docker("create", "--name", NAME, NAME, "true")
    assert [item.service for item in engine.containers(NAME)] == ["app"]


def test_a_probe(engine: Engine) -> None:
    assert engine.start_probe(NAME, network="none", labels={RUN: NAME}, lifetime=60)
    assert engine.containers(NAME) == ()


def test_a_tool(engine: Engine) -> None:
    with engine.waiting_tool(NAME, folders={}, labels={RUN: NAME}):
        assert engine.containers(NAME) == ()


def test_a_spare(engine: Engine) -> None:
    container = docker("create", "--name", NAME, NAME, "true")
    old = OldContainer(
        service="app", name=NAME, container=container, image="", spare=f"{NAME}-spare", ran=False
    )
    SpareContainers(engine, labels={UPDATE: NAME}).make([old])
    assert engine.container(old.spare) is not None
    assert [item.id for item in engine.containers(NAME)] == [container]
