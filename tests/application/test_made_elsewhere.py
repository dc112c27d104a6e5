"""A container that another folder, or other compose files, made says so beside its drift."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.core.freshness.container.as_created import FOLDER
from stacktest.core.leftovers import FILES
from tests.support.small_stack import PAST, SmallStack

Make = Callable[[SmallStack, Path], dict[str, str]]
"""Prepares folders beside the stack's; returns the labels of its container."""


def here(small: SmallStack, beside: Path) -> dict[str, str]:
    return {FOLDER: str(small.root), FILES: f"{small.root}/compose.yml"}


def with_labels_of_stacktest(small: SmallStack, beside: Path) -> dict[str, str]:
    return {FOLDER: str(small.root), FILES: f"{small.root}/compose.yml,-"}


def behind_a_link(small: SmallStack, beside: Path) -> dict[str, str]:
    (beside / "link").symlink_to(small.root)
    return {FOLDER: f"{beside}/link", FILES: f"{beside}/link/compose.yml"}


def without_labels(small: SmallStack, beside: Path) -> dict[str, str]:
    return {}


def by_a_file_that_is_gone(small: SmallStack, beside: Path) -> dict[str, str]:
    return {FOLDER: str(small.root), FILES: f"{small.root}/docker-compose.yml"}


def another_clone(small: SmallStack, beside: Path) -> dict[str, str]:
    (beside / "clone").mkdir()
    return {FOLDER: f"{beside}/clone", FILES: f"{beside}/clone/compose.yml"}


def a_folder_that_was_renamed(small: SmallStack, beside: Path) -> dict[str, str]:
    return {FOLDER: f"{beside}/old", FILES: f"{beside}/old/compose.yml"}


def another_file(small: SmallStack, beside: Path) -> dict[str, str]:
    (small.root / "prod.yml").touch()
    return {
        FOLDER: str(small.root),
        FILES: f"{small.root}/compose.yml,{small.root}/prod.yml",
    }


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (here, ""),
        (with_labels_of_stacktest, ""),
        (behind_a_link, ""),
        (without_labels, ""),
        (by_a_file_that_is_gone, ""),
        (another_clone, "folder:{beside}/clone"),
        (a_folder_that_was_renamed, "folder:{beside}/old:gone"),
        (another_file, "files:prod.yml"),
    ],
)
def test_where_a_drifted_container_was_made(
    small: SmallStack, tmp_path_factory: pytest.TempPathFactory, make: Make, reason: str
) -> None:
    beside = tmp_path_factory.mktemp("beside")
    small.config["Labels"] = make(small, beside)
    # Another folder may hold the very same files: by itself it is no drift.
    assert small.drift() == ()
    small.definition["environment"] = {"MODE": "b"}
    expected = [reason.format(beside=beside)] if reason else []
    assert small.drift() == (*expected, "env:MODE")


def test_a_stack_that_is_read_behind_a_newer_link(small: SmallStack, tmp_path: Path) -> None:
    """The container was mounted past the link, so the link's time says nothing."""
    real = tmp_path / "real"
    (real / "conf").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    small.root = tmp_path / "link"
    small.mount("conf", "/conf")
    small.started = PAST
    assert "stale:." in small.drift()
    small.mounts[0]["Source"] = f"{real}/conf"
    assert "stale:." not in small.drift()
