"""Reads the runs in the records of a stack, without Compose and without its engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from stacktest import config as configuration
from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.ledger import LastRecords, Ledger
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.bootstrap.stack_folder import stack_folder
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.records.strict_json import RecordError
from stacktest.core.records.timeline import Timeline
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError

TIMELINE = "timeline.json"

Runs = Mapping[str, tuple[HistoryLine, ...]]
"""Service → its runs, oldest first."""


def read_runs(folder: str) -> Runs:
    """The newest runs of each service, and older ones as far as reports need them.

    EvidenceError if the stack was never judged.
    """
    root = stack_folder(folder)
    section = configuration.load(root, environ=os.environ).stack
    ledger = Ledger(root, records=section.ledger, status=section.status)
    readable(ledger.read_status(), ledger.status_path)
    readable(ledger.read_meta(), ledger.meta_path)
    return recent_runs(ledger, ledger.last_records(ledger.services()), read_timeline(root))


def recent_runs(ledger: Ledger, last: Mapping[str, LastRecords], timeline: Timeline | None) -> Runs:
    """The runs of each service that reports need: those of its records and of the timeline, too."""
    last_run = {timeline.run} if timeline else set()

    def recent(name: str) -> tuple[HistoryLine, ...]:
        last_pass = last[name][0]
        run = {last_pass.run.id} if isinstance(last_pass, LastPass) else set()
        return ledger.recent(name, run | last_run)

    return {name: recent(name) for name in last}


def write_timeline(root: Path, timeline: Timeline) -> None:
    """Store the timeline of the last run, on this machine only."""
    write_json(state_dir(root) / TIMELINE, timeline.to_dict(), mode=PRIVATE_FILE)


def read_timeline(root: Path) -> Timeline | None:
    """The timeline of the last run; None if this machine has none."""
    document = read_json(state_path(root, TIMELINE))
    if document is None or isinstance(document, Unknown):
        return None
    try:
        return Timeline.from_dict(document)
    except RecordError:
        # The timeline is no evidence, so an unreadable one is no error.
        return None


T = TypeVar("T")


def readable(document: T | Unknown | None, path: Path) -> T:
    """The document; EvidenceError if it is missing or cannot be read."""
    if document is None or isinstance(document, Unknown):
        why = "is missing" if document is None else f"cannot be read: {document.why}"
        raise EvidenceError(f"{path.name} {why}", where=str(path), hint="stacktest status")
    return document
