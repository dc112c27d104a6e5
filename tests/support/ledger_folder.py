"""Folders of stacks with the ledgers that runs leave, made without running anything."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.fingerprint.fingerprint import PARTS, Fingerprint
from stacktest.core.freshness.states import State
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import LastPass, LastRun, PassedTests, RunTests
from stacktest.core.records.status import StatusEntry, StatusMeta

NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
WELL: Mapping[str, State] = {"web": State.FUNCTIONAL, "db": State.FUNCTIONAL}


def write_ledger(
    folder: Path,
    services: Mapping[str, State] = WELL,
    *,
    stack: str = "shop@e1",
    hours: float = 1,
    reasons: Mapping[str, tuple[str, ...]] | None = None,
) -> Path:
    """A ledger that was judged `hours` before `NOW`; services that never ran have no records."""
    judged = NOW - dt.timedelta(hours=hours)
    run = Run(
        id="r1", seq=7, started=judged, finished=judged, stack=stack, git_commit="ab" * 20,
        dirty=False, versions={"stacktest": "0.1.0"},
    )  # fmt: skip
    for name, state in services.items():
        if state not in (State.NEVER_RUN, State.NO_TESTS):
            _write(folder / "data/tests" / name / "last_pass.json", _pass(name, run).to_dict())
            _write(folder / "data/tests" / name / "last_run.json", _run(name, run).to_dict())
    entries = {
        name: _entry(name, state, judged, (reasons or {}).get(name, ()))
        for name, state in services.items()
    }
    meta = StatusMeta(
        versions={"stacktest": "0.1.0"}, fingerprint_version=1, key_id="", scope="host",
        evaluated_at=judged,
    )  # fmt: skip
    _write(status_of(folder), {name: entry.to_dict() for name, entry in entries.items()})
    _write(status_of(folder).with_suffix(".meta.json"), meta.to_dict())
    return folder


def status_of(folder: Path) -> Path:
    """Where the folder's status is."""
    return folder / "docs/_data/status.json"


def _write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def _mark(name: str) -> FingerprintRecord:
    parts = {part: content_digest(f"{name} {part}")[:16] for part in PARTS}
    return FingerprintRecord.attest(
        Fingerprint(parts=parts, repo=content_digest(name)[:16], key_id="")
    )


def _pass(name: str, run: Run) -> LastPass:
    return LastPass(
        timestamp=run.started, service=name, quality="clean", fingerprint=_mark(name),
        tests=PassedTests(digest="d" * 16, required=1, passed=1, assertions=1, contacts=1),
        dependencies={}, run=run,
        live=(ContainerRef(container="c" * 12, image="i", started_at="2026-11-20T09:00:00Z"),),
    )  # fmt: skip


def _run(name: str, run: Run) -> LastRun:
    return LastRun(
        service=name, run=run, fingerprint=_mark(name), verdict="passed", credited=True,
        tests=RunTests(required=1, passed=1),
    )  # fmt: skip


def _entry(name: str, state: State, judged: dt.datetime, reasons: tuple[str, ...]) -> StatusEntry:
    has_run = state not in (State.NEVER_RUN, State.NO_TESTS)
    return StatusEntry(
        status=state.status, fingerprint=_mark(name).digest, last_change=judged,
        last_test_pass=judged if has_run else None, spoke_updated=None,
        functional=state.functional, documented=state is State.FUNCTIONAL, state=state,
        reasons=reasons, pass_fingerprint=_mark(name).digest if has_run else None,
    )  # fmt: skip
