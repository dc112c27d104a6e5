"""Reads and writes what is remembered, atomically, under one lock.

    <ledger>/<service>/last_pass.json   the last pass that could be credited
    <ledger>/<service>/last_run.json    the last run, opened before its first test
    <ledger>/<service>/history.jsonl    one line for each run
    docs/_data/status.json              the flat map of service → state
    docs/_data/status.meta.json         what holds for that map as a whole
    .stacktest/ledger.lock              one writer at a time

Evidence that cannot be read is never replaced: who finds it has to look first. Such a service is
refused by name while every other one is written. Only the controlling process of a run writes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from stacktest.adapters.ledger import json_files as documents
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.core.freshness.inputs import Evidence, Judgement
from stacktest.core.model import Json
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.status import StatusEntry, StatusMeta, read_status
from stacktest.core.records.strict_json import RecordError
from stacktest.core.runs.credit import Snapshot, failed_start, failed_start_line, open_record
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, LockHeldError

T = TypeVar("T")

LOOK_AGAIN = timedelta(hours=1)
"""How old `evaluated_at` has to be before a look that found nothing new moves it."""

LAST_PASS = "last_pass.json"  # noqa: S105 - the name of a file
LAST_RUN = "last_run.json"
HISTORY = "history.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The records of a run that is about to begin, and the services that could not have one."""

    run: Run
    """With its number in the ledger."""
    records: Mapping[str, LastRun]
    refused: Mapping[str, str]
    """Service → why its evidence may not be touched; it earns nothing in this run."""


class Ledger:
    """The memory of the stack in the folder `root`."""

    def __init__(self, root: Path, *, records: str, status: str, lock_timeout: float = 10) -> None:
        self.root = root
        self.records = root / records
        self.status_path = root / status
        self.meta_path = self.status_path.with_suffix(".meta.json")
        self._lock_timeout = lock_timeout
        self._lock: Any = None

    def read(self, service: str) -> Evidence:
        """All that is remembered of a service; what cannot be read is Unknown with its reason."""
        return self.read_all([service])[service]

    def read_all(self, services: Iterable[str]) -> Mapping[str, Evidence]:
        """All that is remembered of each of the services; the status is read once for all."""
        status = self.read_status()
        return {service: self._evidence(service, status) for service in services}

    def services(self) -> tuple[str, ...]:
        """Names that have records, be they services of the stack or not."""
        if not self.records.is_dir():
            return ()
        names = (LAST_PASS, LAST_RUN, HISTORY)
        folders = (one for one in self.records.iterdir() if one.is_dir())
        return tuple(sorted(f.name for f in folders if any((f / name).exists() for name in names)))

    def history(self, service: str) -> tuple[tuple[HistoryLine, ...], tuple[str, ...]]:
        """The runs of a service, oldest first, and what is wrong with lines that cannot be read."""
        path = self.records / service / HISTORY
        text = documents.read_text(path)
        if isinstance(text, Unknown):
            return (), (text.why,)
        lines: list[HistoryLine] = []
        broken: list[str] = []
        for number, line in enumerate((text or "").splitlines(), start=1):
            read = _read(documents.parse(line, f"{HISTORY}:{number}"), HistoryLine.from_dict)
            if isinstance(read, HistoryLine):
                lines.append(read)
            elif read is not None:
                broken.append(read.why)
        return tuple(sorted(lines, key=lambda one: one.seq)), tuple(broken)

    def read_status(self) -> Mapping[str, StatusEntry] | Unknown | None:
        """`status.json`; None: there is none."""
        return _read(documents.read_json(self.status_path), read_status)

    def read_meta(self) -> StatusMeta | Unknown | None:
        """`status.meta.json`; None: there is none."""
        return _read(documents.read_json(self.meta_path), StatusMeta.from_dict)

    def open_run(
        self, run: Run, before: Mapping[str, Snapshot], *, up: Iterable[str] = ()
    ) -> Opened:
        """Number the run and leave a record of it with each service, before the first test.

        `up` are further services that the run brought up: a failed start of theirs is over.
        """
        records: dict[str, LastRun] = {}
        refused: dict[str, str] = {}
        with self.locked():
            run = replace(run, seq=self._next_seq(before), finished=None)
            for service, snapshot in sorted(before.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    continue
                last_run = self._record(service, LAST_RUN, LastRun.from_dict)
                previous = last_run if isinstance(last_run, LastRun) else None
                records[service] = open_record(service, run, snapshot, previous)
                self._write(service, LAST_RUN, records[service].to_dict())
            for service in sorted(set(up) - set(before)):
                self._forget_start(service)
        return Opened(run=run, records=records, refused=refused)

    def record_failed_starts(
        self,
        run: Run,
        failures: Mapping[str, StartFailure],
        fingerprints: Mapping[str, FingerprintRecord],
        *,
        whole: bool,
    ) -> Mapping[str, str]:
        """Write down which services were not up in a run; answers those that were refused, and why.

        A run that was not opened gets its number here. `fingerprints` are what the services were;
        where one could not be told, that of the run before stands.
        """
        refused: dict[str, str] = {}
        with self.locked():
            run = replace(run, seq=run.seq or self._next_seq(failures))
            for service, failure in sorted(failures.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    continue
                last_run = self._record(service, LAST_RUN, LastRun.from_dict)
                previous = last_run if isinstance(last_run, LastRun) else None
                fingerprint = fingerprints.get(service) or (
                    previous.fingerprint if previous else FingerprintRecord.unknown()
                )
                stack = run.stack or (previous.run.stack if previous else "")
                record = failed_start(
                    replace(run, stack=stack), failure, fingerprint, previous, whole=whole
                )
                self._write(service, LAST_RUN, record.to_dict())
                self._append(service, failed_start_line(record))
        return refused

    def close_run(
        self,
        records: Mapping[str, LastRun],
        passes: Mapping[str, LastPass],
        lines: Mapping[str, HistoryLine],
    ) -> Mapping[str, str]:
        """Write what came of a run; answers the services that were refused, and why.

        The pass goes first: a crash right after it leaves an open run beside a valid pass, while
        the other order could leave a credited run without its pass.
        """
        refused: dict[str, str] = {}
        with self.locked():
            for service, record in sorted(records.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    continue
                if service in passes:
                    self._write(service, LAST_PASS, passes[service].to_dict())
                self._write(service, LAST_RUN, record.to_dict())
                if service in lines:
                    self._append(service, lines[service])
        return refused

    def write_status(self, judgements: Mapping[str, Judgement], meta: StatusMeta) -> bool:
        """Write the status documents; False when both say exactly this already.

        Refuses with an EvidenceError to cover a document that it cannot read.
        """
        with self.locked():
            status, old_meta = self.read_status(), self.read_meta()
            for path, document in ((self.status_path, status), (self.meta_path, old_meta)):
                if isinstance(document, Unknown):
                    raise _refusal(path, document.why)
            for service, judgement in sorted(judgements.items()):
                self._remember_other(service, judgement)
            entries = {name: one.entry.to_dict() for name, one in sorted(judgements.items())}
            is_new = documents.write_json(self.status_path, entries)
            if isinstance(old_meta, StatusMeta) and not is_new:
                meta = _steady(old_meta, meta)
            return documents.write_json(self.meta_path, meta.to_dict()) or is_new

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the ledger: nobody else writes meanwhile. May be nested."""
        import filelock

        path = state_dir(self.root) / "ledger.lock"
        self._lock = self._lock or filelock.FileLock(path, timeout=self._lock_timeout)
        lock = self._lock
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise LockHeldError(
                "another process is writing the ledger",
                where=str(path),
                hint="wait until it ends, then repeat the command",
            ) from error
        try:
            yield
        finally:
            lock.release()

    # Private

    def _evidence(
        self, service: str, status: Mapping[str, StatusEntry] | Unknown | None
    ) -> Evidence:
        last_pass = self._record(service, LAST_PASS, LastPass.from_dict)
        return Evidence(
            service=service,
            last_pass=last_pass,
            last_run=self._record(service, LAST_RUN, LastRun.from_dict),
            previous=status if isinstance(status, Unknown) else (status or {}).get(service),
            passed_before=last_pass is None and self._ever_passed(service),
        )

    def _record(self, service: str, name: str, read: Callable[[Json], T]) -> T | Unknown | None:
        return _read(documents.read_json(self.records / service / name), read)

    def _untouchable(self, service: str) -> str:
        """Why the evidence of a service may not be replaced, or empty."""
        found = {
            LAST_PASS: self._record(service, LAST_PASS, LastPass.from_dict),
            LAST_RUN: self._record(service, LAST_RUN, LastRun.from_dict),
            HISTORY: documents.read_text(self.records / service / HISTORY),
        }
        unreadable = (f"{n}: {one.why}" for n, one in found.items() if isinstance(one, Unknown))
        return "; ".join(unreadable)

    def _ever_passed(self, service: str) -> bool:
        lines, broken = self.history(service)
        # A line that cannot be read may have been a pass.
        return bool(broken) or any(line.credited for line in lines)

    def _write(self, service: str, name: str, document: Json) -> None:
        documents.write_json(self.records / service / name, document)

    def _append(self, service: str, line: HistoryLine) -> None:
        """Add a line by replacing the file: it is small, and never seen with half a line."""
        path = self.records / service / HISTORY
        text = documents.read_text(path)
        if isinstance(text, Unknown):
            raise _refusal(path, text.why)
        text = text or ""
        before = text if not text or text.endswith("\n") else text + "\n"
        documents.write_text(path, before + documents.line_of(line.to_dict()))

    def _next_seq(self, services: Iterable[str]) -> int:
        """One more than any number that any record mentions."""
        found = [0]
        for service in {*services, *self.services()}:
            runs = (
                self._record(service, LAST_PASS, LastPass.from_dict),
                self._record(service, LAST_RUN, LastRun.from_dict),
            )
            found += [one.run.seq for one in runs if isinstance(one, LastPass | LastRun)]
            text = documents.read_text(self.records / service / HISTORY)
            last = text.splitlines()[-1:] if isinstance(text, str) else []
            lines = [_read(documents.parse(line, HISTORY), HistoryLine.from_dict) for line in last]
            found += [line.seq for line in lines if isinstance(line, HistoryLine)]
        return max(found) + 1

    def _forget_start(self, service: str) -> None:
        last_run = self._record(service, LAST_RUN, LastRun.from_dict)
        if isinstance(last_run, LastRun) and last_run.start is not None:
            self._write(service, LAST_RUN, replace(last_run, start=None).to_dict())

    def _remember_other(self, service: str, judgement: Judgement) -> None:
        if judgement.other is None:
            return
        last_run = self._record(service, LAST_RUN, LastRun.from_dict)
        if isinstance(last_run, LastRun):
            self._write(service, LAST_RUN, replace(last_run, other=judgement.other).to_dict())


# Private


def _read(document: Json | Unknown | None, read: Callable[[Json], T]) -> T | Unknown | None:
    if document is None or isinstance(document, Unknown):
        return document
    try:
        return read(document)
    except RecordError as error:
        return Unknown(str(error))


def _refusal(path: Path, why: str) -> EvidenceError:
    return EvidenceError(
        f"{path.name} cannot be read and is not replaced: {why}",
        where=str(path),
        hint=f"git checkout -- {path}, or look at it and remove it",
    )


def _steady(old: StatusMeta, new: StatusMeta) -> StatusMeta:
    """The old document while nothing but the clock has moved, so that a second look is silent."""
    is_recent = timedelta() <= new.evaluated_at - old.evaluated_at < LOOK_AGAIN
    same = replace(new, evaluated_at=old.evaluated_at) == old
    return old if is_recent and same else new
