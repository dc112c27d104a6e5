"""Reads and writes the record files of services, in one folder for each service.

    <records>/<service>/last_pass.json   the last pass that could be credited
    <records>/<service>/last_run.json    the last run
    <records>/<service>/history.jsonl    one line for each run
    <records>/<service>/last_drill.json  the result of the last drill of its backup

A file that cannot be read is Unknown with the reason, and is never replaced.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from stacktest.adapters.ledger import json_files as documents
from stacktest.adapters.ledger.history_text import HistoryText
from stacktest.core.json_data import Json
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.drill import Drill
from stacktest.core.records.strict_json import NEWER, RecordError
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, UsageError

T = TypeVar("T")

LAST_PASS = "last_pass.json"  # noqa: S105 - the name of a file
LAST_RUN = "last_run.json"
HISTORY = "history.jsonl"
LAST_DRILL = "last_drill.json"


class ServiceRecords:
    """The records of all services below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def services(self) -> tuple[str, ...]:
        """Names of services that have records, also of services that left the stack."""
        if not self.folder.is_dir():
            return ()
        names = (LAST_PASS, LAST_RUN, HISTORY)
        folders = (path for path in self.folder.iterdir() if path.is_dir())
        return tuple(sorted(f.name for f in folders if any((f / name).exists() for name in names)))

    def last_pass(self, service: str) -> LastPass | Unknown | None:
        """The last credited pass; None: there is none."""
        return self._record(service, LAST_PASS, LastPass.from_dict)

    def last_run(self, service: str) -> LastRun | Unknown | None:
        """The last run as the file has it; None: there is none."""
        return self._record(service, LAST_RUN, LastRun.from_dict)

    def last_drill(self, service: str) -> Drill | Unknown | None:
        """The result of the last drill of its backup; None: there was none."""
        return self._record(service, LAST_DRILL, Drill.from_dict)

    def write_drill(self, drill: Drill) -> None:
        """Replace the last drill of a service; EvidenceError where it cannot be read."""
        if isinstance(previous := self.last_drill(drill.service), Unknown):
            raise refusal(self.folder / drill.service / LAST_DRILL, previous.why)
        self.write(drill.service, LAST_DRILL, drill.to_dict())

    def history(self, service: str) -> HistoryText:
        """The history file of a service."""
        return HistoryText(documents.read_text(self.folder / service / HISTORY), service)

    def run_numbers(self, service: str) -> list[int]:
        """The numbers of all runs in the service's records."""
        records = (self.last_pass(service), self.last_run(service))
        return [
            *(record.run.seq for record in records if isinstance(record, LastPass | LastRun)),
            *self.history(service).run_numbers,
        ]

    def untouchable(self, service: str) -> str:
        """Why the evidence of a service may not be replaced, or empty."""
        documents_of = {
            LAST_PASS: self.last_pass(service),
            LAST_RUN: self.last_run(service),
            HISTORY: documents.read_text(self.folder / service / HISTORY),
        }
        reasons = []
        for name, document in documents_of.items():
            if isinstance(document, Unknown):
                reasons.append(f"{name}: {document.why}")
            elif isinstance(document, LastPass | LastRun):
                if document.service != service:
                    reasons.append(f"{name} is about {document.service!r}")
                if document.fingerprint.is_newer:
                    reasons.append(f"{name}: {document.fingerprint.newer}; update stacktest")
        return "; ".join(reasons)

    def try_write(
        self, service: str, named: Mapping[str, Json], line: HistoryLine | None = None
    ) -> dict[str, str]:
        """Write one service's records of a run; returns service → why that failed."""
        try:
            for name, document in named.items():
                self.write(service, name, document)
            if line is not None:
                self.append(service, line)
        except UsageError as error:
            return {service: error.what}
        return {}

    def write(self, service: str, name: str, document: Json) -> None:
        """Replace one record atomically."""
        documents.write_json(self.folder / service / name, document)

    def append(self, service: str, line: HistoryLine) -> None:
        """Add a line by replacing the small file atomically: no reader sees half a line."""
        path = self.folder / service / HISTORY
        text = documents.read_text(path)
        if isinstance(text, Unknown):
            raise refusal(path, text.why)
        documents.write_text(path, HistoryText(text, service).with_line(line))

    # Private

    def _record(self, service: str, name: str, read: Callable[[Json], T]) -> T | Unknown | None:
        return read_record(documents.read_json(self.folder / service / name), read)


def read_record(document: Json | Unknown | None, read: Callable[[Json], T]) -> T | Unknown | None:
    """The record in a document; Unknown if the document has another form."""
    if document is None or isinstance(document, Unknown):
        return document
    try:
        return read(document)
    except RecordError as error:
        return Unknown(str(error))


def refusal(path: Path, why: str) -> EvidenceError:
    """The error for a file that would have to be replaced but cannot be read."""
    return EvidenceError(
        f"{path.name} cannot be read and is not replaced: {why}",
        where=str(path),
        hint="update stacktest: pip install --upgrade stacktest"
        if why.startswith(NEWER)
        else f"git checkout -- {path}, or look at it and remove it",
    )
