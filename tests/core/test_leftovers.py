"""Which containers a service left behind that the files no longer have."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.leftovers import FILES, leftover_lines
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container

STACK = Stack(
    name="home",
    root=Path("/home"),
    services={"wiki": Service(name="wiki")},
    compose_files=("/home/compose.yaml", "/home/more.yaml"),
)


def container(
    service: str = "oldwiki", files: str = "/home/compose.yaml", **more: Any
) -> Container:
    labels = {FILES: files, **more.pop("labels", {})}
    return Container(
        id="1", name=f"home-{service}-1", service=service, project="home", image_id="", image_ref="",
        state=more.pop("state", "running"), labels=labels, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (container(), "runs"),
        (container(state="exited"), "is exited"),
        (container(files="/home/compose.yaml,/home/more.yaml,-"), "runs"),
    ],
)
def test_a_renamed_service_leaves_its_container(left: Container, state: str) -> None:
    (line,) = leftover_lines(STACK, [left])
    assert line == (
        f"home-oldwiki-1 {state} and is of the service oldwiki, which the compose files no longer "
        "have: docker rm -f home-oldwiki-1"
    )


@pytest.mark.parametrize(
    "other",
    [
        container("wiki"),
        # Of a file that this stack does not read: it may be there, and say so.
        container(files="/home/other.yaml"),
        container(files="/home/compose.yaml,/home/other.yaml"),
        container(files=""),
        container(one_off=True),
        container(labels={"stacktest.run": "r1"}),
    ],
)
def test_what_is_somebody_elses_is_not_named(other: Container) -> None:
    assert leftover_lines(STACK, [other]) == []
