"""`down` removes what was started from this checkout, and tells whose the rest is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.labels import STACK
from stacktest.adapters.ledger.stack_identity import stack_mark
from stacktest.application.up_down import take_down
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container


def container(name: str, project: str, mark: str) -> Container:
    return Container(
        id=name,
        name=name,
        service="app",
        project=project,
        image_id="",
        image_ref="",
        state="running",
        labels={STACK: mark, "com.docker.compose.project": project},
    )


@dataclass
class FakeEngine:
    here: list[Container]
    removed: list[str] = field(default_factory=list)

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        return tuple(
            item
            for item in self.here
            if project in ("", item.project) and (labels or {}).items() <= item.labels.items()
        )

    def networks(self, labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        return ()

    def volumes(self, labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        return ()

    def remove_stored(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def remove(self, id: str) -> str:  # noqa: A002
        self.removed.append(id)
        self.here = [item for item in self.here if item.id != id]
        return ""


def stack(root: Path) -> Stack:
    root.mkdir(exist_ok=True)
    return Stack(name="shop", root=root, services={"app": Service(name="app")})


def test_only_this_checkout_goes(tmp_path: Path) -> None:
    own = stack_mark(stack(tmp_path).root)
    engine = FakeEngine([container("own", "shop", own), container("other", "shop", "another")])
    lines = take_down(stack(tmp_path), cast("Engine", engine), None, ())
    assert engine.removed == ["own"]
    assert lines == [
        "1 container and 0 networks removed",
        "left     other: it was started from another copy of this stack",
    ]


def test_a_project_of_another_name_is_left(tmp_path: Path) -> None:
    own = stack_mark(stack(tmp_path).root)
    engine = FakeEngine([container("own", "shop", own), container("old", "before", own)])
    lines = take_down(stack(tmp_path), cast("Engine", engine), None, ())
    assert engine.removed == ["own"]
    assert lines[1].endswith("docker compose --project-name before down")


def test_what_is_of_no_project_goes(tmp_path: Path) -> None:
    engine = FakeEngine([container("probe", "", stack_mark(stack(tmp_path).root))])
    take_down(stack(tmp_path), cast("Engine", engine), None, ())
    assert engine.removed == ["probe"]


def test_a_copy_or_a_new_project_in_the_same_place_is_another_one(tmp_path: Path) -> None:
    first = stack(tmp_path / "a").root
    mark = stack_mark(first)
    assert stack_mark(first) == mark
    # As `rsync` or a cache of a CI brings it to another host, where the path is the same.
    content = (first / ".stacktest/id").read_bytes()
    (first / ".stacktest").rename(tmp_path / "elsewhere")
    assert stack_mark(first) != mark
    (first / ".stacktest/id").write_bytes(content)
    assert stack_mark(first) != mark


@pytest.mark.parametrize("link", [False, True])
def test_the_folder_may_be_named_in_two_ways(tmp_path: Path, link: bool) -> None:
    root = stack(tmp_path / "a").root
    (tmp_path / "b").symlink_to(root)
    assert stack_mark(tmp_path / "b" if link else root) == stack_mark(root)


def test_containers_without_a_mark_are_not_mentioned(tmp_path: Path) -> None:
    plain = replace(container("plain", "shop", ""), labels={})
    engine = FakeEngine([plain])
    assert take_down(stack(tmp_path), cast("Engine", engine), None, ()) == [
        "0 containers and 0 networks removed"
    ]
