"""What lies at the sources of mounts is looked at, and nothing of it stays open."""

import gc
from pathlib import Path

from stacktest.adapters.diagnosis.mounts import mount_facts
from stacktest.adapters.engine.client import Engine
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.observed_state import Container


def test_folders_and_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/a").touch()
    names = ("full", "full/a", "empty", "missing")
    mounts = tuple(
        Mount(kind="bind", source=str(tmp_path / name), target=f"/{name}") for name in names
    )
    stack = Stack(name="shop", root=tmp_path, services={"app": Service(name="app")})
    app = Container(
        id="a",
        name="shop-app-1",
        service="app",
        project="shop",
        image_id="i",
        image_ref="app:1",
        state="running",
        mounts=mounts,
    )
    facts = mount_facts(stack, app, Engine("unix:///none"), tmp_path)
    assert [(item.kind, item.is_empty) for item in facts] == [
        ("folder", False),
        ("file", False),
        ("folder", True),
        ("", False),
    ]
    # A listing that was left open would be a warning here, which fails the test.
    gc.collect()
