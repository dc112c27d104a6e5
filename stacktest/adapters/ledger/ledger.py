"""Reads and writes the ledger's files, atomically, under one lock.

    <ledger>/<service>/last_pass.json   the last pass that could be credited
    <ledger>/<service>/last_run.json    the last run, opened before its first test
    <ledger>/<service>/history.jsonl    one line for each run
    <ledger>/<service>/last_drill.json  the result of the last drill of its backup
    docs/_data/status.json              the flat map of service → state
    docs/_data/status.meta.json         data about that map as a whole
    .stacktest/ledger.lock              one writer at a time
    .stacktest/last_runs.json           a copy of the last runs, which git does not change

Evidence that cannot be read is never replaced: a person has to look at it first. Such a service is
refused by name while all others are written. Only the controlling process of a run writes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import FileIO
from pathlib import Path

from msgspec import Struct, field

from stacktest.adapters.file_lock import lock_file, release
from stacktest.adapters.ledger import json_files as documents
from stacktest.adapters.ledger.last_look import read_meta, settled, with_look
from stacktest.adapters.ledger.local_runs import (
    damage_of,
    is_cut_short,
    missing_run,
    newer_run,
    read_local_runs,
    read_memory,
    readable_runs,
    save_local_runs,
)
from stacktest.adapters.ledger.service_records import (
    LAST_PASS,
    LAST_RUN,
    ServiceRecords,
    read_record,
    refusal,
)
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.inputs import Evidence
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.json_data import Json
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.drill import Drill
from stacktest.core.records.status import StatusEntry, StatusMeta, read_status
from stacktest.core.records.strict_json import NEWER
from stacktest.core.runs.credit import failed_start, failed_start_line, open_record
from stacktest.core.runs.knowledge import After, newest_runs
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.unknown import Unknown
from stacktest.errors import LockHeldError

LastRecords = tuple[LastPass | Unknown | None, LastRun | Unknown | None]


class Opened(Struct, frozen=True, kw_only=True):
    """The records of a run that is about to begin, and the services that could not have one."""

    run: Run
    """The run, with its number in the ledger."""
    records: Mapping[str, LastRun]
    refused: Mapping[str, str]
    """Service → why its evidence may not be touched; it earns nothing in this run."""
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Service → the other stack that its records come from; this run replaces them."""


class Ledger:
    """The memory of the stack in the folder `root`."""

    def __init__(
        self,
        root: Path,
        *,
        records: str,
        status: str,
        lock_timeout: float = 10,
        tracked: Callable[[], frozenset[str] | Unknown] = frozenset,
    ) -> None:
        """`tracked` returns the paths below `root` that git tracks; it is called when needed."""
        self.root = root
        self._tracked = cache(tracked)
        self.records = root / records
        self._files = ServiceRecords(self.records)
        self.status_path = root / status
        self.meta_path = self.status_path.with_suffix(".meta.json")
        self._lock_timeout = lock_timeout
        self._lock: FileIO | None = None
        self._previous: dict[str, str] = {}
        """Service → its newest run on this machine before the current run."""

    def read(self, service: str) -> Evidence:
        """All evidence of a service; a record that cannot be read is Unknown with the reason."""
        return self.read_all([service])[service]

    def read_all(self, services: Iterable[str]) -> Mapping[str, Evidence]:
        """All evidence of each of the services; the status is read once for all."""
        status, memory = self.read_status(), read_memory(self.root)
        local = readable_runs(memory)
        return {
            service: replace(
                self._evidence(service, status, local.get(service)),
                memory_damage=damage_of(memory, service),
            )
            for service in services
        }

    def last_records(self, services: Iterable[str]) -> Mapping[str, LastRecords]:
        """The last pass and the last run of each service, without the history."""
        local = read_local_runs(self.root)
        return {
            name: (self._files.last_pass(name), self._last_run(name, local.get(name)))
            for name in services
        }

    def services(self) -> tuple[str, ...]:
        """Names of services that have records, also of services that left the stack."""
        return self._files.services()

    def last_drill(self, service: str) -> Drill | Unknown | None:
        """The result of the last drill of a service's backup; None: there was none."""
        return self._files.last_drill(service)

    def history(self, service: str) -> tuple[tuple[HistoryLine, ...], tuple[str, ...]]:
        """The runs of a service, oldest first, and the faults of lines that cannot be read."""
        history = self._files.history(service)
        return history.lines, history.broken

    def recent(self, service: str, runs: Collection[str] = ()) -> tuple[HistoryLine, ...]:
        """The newest runs of a service, older ones that they need, and those named in `runs`."""
        return self._files.history(service).recent(runs)

    def read_status(self) -> Mapping[str, StatusEntry] | Unknown | None:
        """`status.json`; None: it does not exist."""
        return read_record(documents.read_json(self.status_path), read_status)

    def read_meta(self) -> StatusMeta | Unknown | None:
        """`status.meta.json`, with the time of the last look; None: it does not exist."""
        return with_look(self.root, read_meta(self.meta_path))

    def open_run(
        self, run: Run, prints: Mapping[str, FingerprintRecord], *, up: Iterable[str] = ()
    ) -> Opened:
        """Number the run and write an open record for each service, before the first test.

        `prints` are the fingerprints of the services' files. `up` are further services that the run
        brought up: their earlier failed start is cleared.
        """
        records: dict[str, LastRun] = {}
        refused: dict[str, str] = {}
        foreign: dict[str, str] = {}
        with self.locked():
            local = read_local_runs(self.root)
            self._previous = {service: record.run.id for service, record in local.items()}
            run = replace(run, seq=self._next_seq(prints, local), finished=None)
            for service, fingerprint in sorted(prints.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    continue
                last_run = self._last_run(service, local.get(service))
                previous = last_run if isinstance(last_run, LastRun) else None
                if previous and previous.run.stack not in ("", run.stack):
                    foreign[service] = previous.run.stack
                records[service] = open_record(service, run, fingerprint, previous)
                refused |= self._try(service, {LAST_RUN: records[service].to_dict()})
            started = {name: self._without_start(name, local) for name in set(up) - set(prints)}
            others = {name: record for name, record in sorted(started.items()) if record}
            for service, record in others.items():
                refused |= self._try(service, {LAST_RUN: record.to_dict()})
            # Also for services whose record could not be written.
            save_local_runs(self.root, {**records, **others})
        return Opened(run=run, records=records, refused=refused, foreign=foreign)

    def record_failed_starts(
        self,
        run: Run,
        failures: Mapping[str, StartFailure],
        fingerprints: Mapping[str, FingerprintRecord],
        *,
        whole: bool,
    ) -> Mapping[str, str]:
        """Record the services that did not start in a run; returns those refused, and why.

        A run that was not opened gets its number here. `fingerprints` are the services'; if one is
        missing, that of the previous run is used.
        """
        refused: dict[str, str] = {}
        with self.locked():
            local, records = read_local_runs(self.root), dict[str, LastRun]()
            for service, record in local.items():
                if record.run.id != run.id:
                    self._previous[service] = record.run.id
            run = replace(run, seq=run.seq or self._next_seq(failures, local))
            for service, failure in sorted(failures.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    continue
                last_run = self._last_run(service, local.get(service))
                previous = last_run if isinstance(last_run, LastRun) else None
                fingerprint = fingerprints.get(service) or (
                    previous.fingerprint if previous else FingerprintRecord.unknown()
                )
                stack = run.stack or (previous.run.stack if previous else "")
                record = failed_start(
                    replace(run, stack=stack), failure, fingerprint, previous, whole=whole
                )
                records[service] = record
                line = failed_start_line(record)
                refused |= self._try(service, {LAST_RUN: record.to_dict()}, line)
            save_local_runs(self.root, records)
        return refused

    def close_run(
        self,
        records: Mapping[str, LastRun],
        passes: Mapping[str, LastPass],
        lines: Mapping[str, HistoryLine],
    ) -> Mapping[str, str]:
        """Write the results of a run; returns the services that were refused, and why.

        The pass is written first: a crash right after it leaves an open run beside a valid pass,
        while the other order could leave a credited run without its pass.
        """
        refused: dict[str, str] = {}
        with self.locked():
            local = dict(records)
            for service, record in sorted(records.items()):
                if reason := self._untouchable(service):
                    refused[service] = reason
                    del local[service]
                    continue
                documents_of = {LAST_RUN: record.to_dict()}
                if service in passes:
                    documents_of = {LAST_PASS: passes[service].to_dict(), **documents_of}
                unwritten = self._try(service, documents_of, lines.get(service))
                if unwritten and record.credited:
                    # The local copy must not have a pass whose record may be missing.
                    del local[service]
                refused |= unwritten
            save_local_runs(self.root, local)
        return refused

    def remember(self, judgements: Mapping[str, Judgement]) -> None:
        """Store locally which services run something else than what passed; records stay as is."""
        if any(judgement.foreign for judgement in judgements.values()):
            with self.locked():
                save_local_runs(self.root, self._with_foreign(judgements))

    def write_status(
        self, judgements: Mapping[str, Judgement], meta: StatusMeta, *, asked: bool = False
    ) -> bool:
        """Write the status documents; False if both have exactly this content already.

        `asked`: a later time alone is not written. A document that cannot be read is not replaced.
        """
        meta_version = meta.fingerprint_version
        with self.locked():
            status, old_meta = self.read_status(), read_meta(self.meta_path)
            for path, document in ((self.status_path, status), (self.meta_path, old_meta)):
                if isinstance(document, Unknown):
                    raise refusal(path, document.why)
            if isinstance(old_meta, StatusMeta) and old_meta.fingerprint_version > meta_version:
                raise refusal(self.meta_path, NEWER)
            changed = self._with_foreign(judgements)
            for service, last_run in changed.items():
                self._try(service, {LAST_RUN: last_run.to_dict()})
            save_local_runs(self.root, changed)
            entries = {name: judgements[name].entry.to_dict() for name in sorted(judgements)}
            is_new = documents.write_json(self.status_path, entries)
            if isinstance(old_meta, StatusMeta) and not is_new:
                meta = settled(self.root, old_meta, meta, asked=asked)
            return documents.write_json(self.meta_path, meta.to_dict()) or is_new

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the ledger within the context against other processes; may be nested."""
        path = state_dir(self.root) / "ledger.lock"
        if self._lock is not None:
            yield
            return
        self._lock = lock_file(path, patience=self._lock_timeout)
        if self._lock is None:
            raise LockHeldError(
                "another process is writing the ledger",
                where=str(path),
                hint="wait until it ends, then repeat the command",
            )
        try:
            yield
        finally:
            release(self._lock)
            self._lock = None

    # Private

    def _evidence(
        self,
        service: str,
        status: Mapping[str, StatusEntry] | Unknown | None,
        local: LastRun | None,
    ) -> Evidence:
        last_pass = self._files.last_pass(service)
        last_run = self._last_run(service, local)
        history = self._files.history(service)
        known = None if is_cut_short(local, last_pass) else history.known_to(last_pass)
        is_gone = last_pass is None and last_run is None
        tracked = self._tracked_records(service) if is_gone else frozenset[str]()
        return Evidence(
            service=service,
            last_pass=last_pass,
            last_run=last_run,
            previous=status if isinstance(status, Unknown) else (status or {}).get(service),
            passed_before=last_pass is None
            and (LAST_PASS in tracked or history.ever_passed or _passed(local)),
            ran_before=last_run is None and (local is not None or LAST_RUN in tracked),
            newer_runs=history.newer_runs(last_pass, known),
            known_to_pass=known,
            missing_run=missing_run(self._files.last_run(service), local, history.known_runs),
        )

    def _last_run(self, service: str, local: LastRun | None) -> LastRun | Unknown | None:
        record = self._files.last_run(service)
        return newer_run(record, local) if isinstance(record, LastRun) else record

    def _untouchable(self, service: str) -> str:
        """Why the evidence of a service may not be replaced, or empty."""
        damage = damage_of(read_memory(self.root), service)
        return "; ".join(filter(None, (self._files.untouchable(service), damage)))

    def _tracked_records(self, service: str) -> frozenset[str]:
        """Names of the service's records that git tracks."""
        tracked = self._tracked()
        if isinstance(tracked, Unknown) or not self.records.is_relative_to(self.root):
            return frozenset()
        folder = (self.records / service).relative_to(self.root)
        names = (LAST_PASS, LAST_RUN)
        return frozenset(name for name in names if (folder / name).as_posix() in tracked)

    def _try(
        self, service: str, named: Mapping[str, Json], line: HistoryLine | None = None
    ) -> dict[str, str]:
        """Write one service's records of a run; returns service → why that failed."""
        if line is not None:
            known = self._files.history(service).known_runs
            line = replace(line, after=self._newest_known(line, known))
        return self._files.try_write(service, named, line)

    def _newest_known(self, line: HistoryLine, after: After) -> tuple[str, ...]:
        """The newest runs in the history, and this machine's newest run before the line's."""
        known = (*newest_runs(after), self._previous.get(line.service, ""))
        return tuple(dict.fromkeys(run for run in known if run and run != line.run))

    def _next_seq(self, services: Iterable[str], local: Mapping[str, LastRun]) -> int:
        """A number greater than that of every run in any record."""
        status = self.read_status()
        entries = status.values() if isinstance(status, Mapping) else ()
        numbers = [0, *(run.run.seq for run in local.values())]
        numbers += [entry.run for entry in entries if entry.run is not None]
        for service in {*services, *self.services()}:
            numbers += self._files.run_numbers(service)
        return max(numbers) + 1

    def _without_start(self, service: str, local: Mapping[str, LastRun]) -> LastRun | None:
        """The service's last run with its failed start cleared; None if it has no failed start."""
        last_run = self._last_run(service, local.get(service))
        if isinstance(last_run, LastRun) and last_run.start:
            return replace(last_run, start=None)
        return None

    def _with_foreign(self, judgements: Mapping[str, Judgement]) -> dict[str, LastRun]:
        """The last runs of services that now run something else than what passed, noted in them."""
        local = read_local_runs(self.root)
        changed: dict[str, LastRun] = {}
        for service, judgement in sorted(judgements.items()):
            last_run = self._last_run(service, local.get(service)) if judgement.foreign else None
            if isinstance(last_run, LastRun):
                changed[service] = replace(last_run, foreign=judgement.foreign)
        return changed


# Private


def _passed(run: LastRun | None) -> bool:
    """Whether the run shows that the service has passed before."""
    return run is not None and (run.credited or run.foreign is not None)
