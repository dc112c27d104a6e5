"""A secret that found its way into a record leaves by no verb."""

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from stacktest.bootstrap import context as projects
from stacktest.bootstrap import report_source
from stacktest.cli import cli
from stacktest.core.freshness.gate import Blocker, Gate
from stacktest.core.freshness.states import State
from stacktest.core.model import Service, Stack
from stacktest.core.operations import Operations, UnreadableRecord
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, PassedTests
from stacktest.core.records.durations import KnownDurations
from stacktest.core.records.rehearsal import Rehearsed
from stacktest.core.records.status import StatusEntry, StatusMeta
from stacktest.reports.report_data import Board
from tests.support.board import journal, rehearsal
from tests.support.exports import exports

CANARY = "canary-7f3a&<secret>|`"
NOW = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
SAID = f"password {CANARY} was refused"


@pytest.fixture
def leaky() -> Board:
    mark = FingerprintRecord(
        version=1, digest="a" * 16, parts={}, repo=None, key_id="k"
    )  # fmt: skip
    run = Run(
        id="r1", seq=1, started=NOW, finished=NOW, stack=f"demo@{CANARY}", git_commit=CANARY,
        versions={"pytest": CANARY},
    )  # fmt: skip
    entry = StatusEntry(
        status="stale", fingerprint="a" * 16, last_change=None, last_test_pass=NOW,
        spoke_updated=None, functional=False, documented=False, state=State.FAILING,
        reasons=(SAID,),
    )  # fmt: skip
    line = HistoryLine(
        service="app", run="r1", seq=1, started=NOW, git_commit=CANARY, fingerprint=mark,
        verdict="failed", credited=False, flaky=False,
        reasons=(f"t.py::test[{CANARY}] failed: {SAID}",), tests={f"t.py::test[{CANARY}]": "F"},
    )  # fmt: skip
    operations = Operations(
        rehearsals=(rehearsal(1, app=Rehearsed(result="failed", why=SAID)),),
        updates=(journal(2, "put_back", "app", why=SAID),),
        unreadable=(UnreadableRecord(kind="update", path="u.json", why=SAID, is_open=True),),
    )
    record = LastPass(
        timestamp=NOW, service="app", quality="clean", fingerprint=mark, dependencies={}, run=run,
        tests=PassedTests(digest="d", required=1, passed=1),
        live=(ContainerRef(container="c", image="sha256:" + "ab" * 32, started_at=""),),
    )  # fmt: skip
    app = Service(name="app", image="app:1", environment={"DB_PASSWORD": CANARY})
    return Board(
        stack=Stack(name="demo", root=Path("demo"), services={"app": app}),
        status={"app": entry},
        meta=StatusMeta(
            versions={}, fingerprint_version=1, key_id="k", scope="host", evaluated_at=NOW,
            warnings=(SAID,),
        ),
        now=NOW, passes={"app": record}, histories={"app": [line]},
        gate=Gate(
            open=False, exit_code=1,
            blockers=(Blocker(service="app", state=State.FAILING, reasons=(SAID,), command=SAID),),
        ),
        operations=operations,
    )  # fmt: skip


@pytest.mark.parametrize("verb", ["page", *exports("app")])
def test_no_verb_lets_it_out(
    verb: str, leaky: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    records = tmp_path / "ledger"
    records.mkdir()
    times = KnownDurations(ms={f"suites/test_app.py::test_it[{SAID}]": 1})
    (records / "durations.json").write_text(json.dumps(times.to_dict()))
    ledger = SimpleNamespace(status_path=tmp_path / "status.json", records=records)
    project = SimpleNamespace(stack=leaky.stack, ledger=ledger)
    monkeypatch.setattr(projects, "find_project", lambda _folder, **_: project)
    monkeypatch.setattr(report_source, "read_board", lambda _project, **_: leaky)
    monkeypatch.chdir(tmp_path)
    words = verb.split() if verb == "page" else ["export", *verb.split()]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    (records / "durations.json").unlink()
    written = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    everything = done.output + "".join(written)
    assert len(everything) > 40
    assert "canary-7f3a" not in everything
    if verb == "page":
        assert everything.count("password [redacted] was refused") > 3
    if "badge" not in verb:
        assert "[redacted]" in everything
