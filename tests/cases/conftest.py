import os
from pathlib import Path

import pytest

from tests.cases.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    # Whether bytes survive a power cut is another test's question; waiting for the disk is slow.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return World(tmp_path)
