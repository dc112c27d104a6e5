"""`--ledger` of status, page and export: several stacks, read and never written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacktest.core.freshness.states import State
from tests.support import ledger_folder
from tests.support.ledger_folder import write_ledger

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a folder without a stack, on ledgers that were judged just now."""
    monkeypatch.setattr(ledger_folder, "NOW", datetime.now(UTC))  # noqa: TID251 - as the command does

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stacktest", *words],
            cwd=tmp_path,
            env=os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/no-engine"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.processes
def test_a_fleet_is_shown_without_a_stack_here_and_without_an_engine(
    tmp_path: Path, run: Run
) -> None:
    shop = write_ledger(tmp_path / "shop")
    before = sorted((path, path.stat().st_mtime_ns) for path in shop.rglob("*"))
    status = run("status", "--ledger", "shop")
    assert status.returncode == 0, status.stderr
    assert "1 of 1 stack is proved." in status.stdout
    document = json.loads(run("status", "--ledger", "shop", "--format", "json").stdout)
    assert document["functional"] is True
    metrics = run("export", "metrics", "--ledger", "shop").stdout
    assert 'stacktest_service_functional{service="web",stack="shop@e1"} 1.0' in metrics
    page = run("page", "--ledger", "shop", "--output", "fleet.html")
    assert page.returncode == 0, page.stderr
    assert "1 of 1 stack is proved." in (tmp_path / "fleet.html").read_text()
    assert sorted((path, path.stat().st_mtime_ns) for path in shop.rglob("*")) == before


@pytest.mark.processes
def test_a_ledger_that_is_not_believed_ends_status_with_its_code(tmp_path: Path, run: Run) -> None:
    write_ledger(tmp_path / "shop", {"web": State.FAILING})
    assert run("status", "--ledger", "shop").returncode == 0
    torn = run("status", "--ledger", "shop", "--ledger", "gone", "--json")
    assert torn.returncode == 11
    assert json.loads(torn.stdout)["ledgers"][0]["trouble"] == "missing"
    assert torn.stderr.startswith("error: 1 of 2 ledgers are not believed\n  at: gone\n")
    served = run("page", "--ledger", "shop", "--serve")
    assert served.returncode == 2
    assert "--serve shows one stack" in served.stderr
