"""The ports of a run, as protocols: the ledger, the started stack, the lock and the readers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from stacktest.application.judge import Judge
from stacktest.core.collected_test import Collected
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.plan import Plan
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.records.status import StatusMeta
from stacktest.core.runs.requirements import CodeDigest
from stacktest.core.runs.start_failure import StartFailure


class Opened(Protocol):
    """The opened records of a run that is about to begin."""

    @property
    def run(self) -> Run:
        """The run with its number."""

    @property
    def records(self) -> Mapping[str, LastRun]:
        """Service → its record."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Service → why its records may not be changed."""

    @property
    def foreign(self) -> Mapping[str, str]:
        """Service → the other stack that its records come from."""


class Recorder(Protocol):
    """The part of the ledger that a run writes to."""

    def open_run(
        self, run: Run, prints: Mapping[str, FingerprintRecord], *, up: Iterable[str] = ()
    ) -> Opened:
        """Leave a record of the run before its first test; `up` are the services that are up.

        `prints` are the fingerprints of the tested services' files.
        """

    def record_failed_starts(
        self,
        run: Run,
        failures: Mapping[str, StartFailure],
        fingerprints: Mapping[str, FingerprintRecord],
        *,
        whole: bool,
    ) -> Mapping[str, str]:
        """Record which services were not up; returns refused service → reason."""

    def close_run(
        self,
        records: Mapping[str, LastRun],
        passes: Mapping[str, LastPass],
        lines: Mapping[str, HistoryLine],
    ) -> Mapping[str, str]:
        """Write the results of the run; returns refused service → reason."""

    def write_status(self, judgements: Mapping[str, Judgement], meta: StatusMeta) -> bool:
        """Write the status."""


class StartedStack(Protocol):
    """A stack that was brought up, and can be taken down again."""

    @property
    def failures(self) -> Mapping[str, StartFailure]:
        """Services that are not up, and those that need them, each with its cause."""

    def stop(self) -> Mapping[str, str]:
        """Remove what the run created; returns name → reason for what could not be removed."""

    @property
    def healthy_at(self) -> Mapping[str, float]:
        """Container → when the run saw it become healthy; Unix time."""

    def fallen(self) -> Mapping[str, str]:
        """Service that was ready and is not any more → the reason."""

    def boot_seconds(self) -> Mapping[str, float]:
        """Service that this run started → seconds from its start until it was ready."""


class Lock(Protocol):
    """The lock that only one run of a stack can hold."""

    def acquire(self) -> None:
        """Take the lock; LockHeldError, with its holder, if another run has it."""

    def release(self) -> None:
        """Release the lock."""


class RunPorts(Struct, frozen=True, kw_only=True):
    """All adapters that a run uses."""

    judge: Judge
    recorder: Recorder
    lock: Lock
    bring_up: Callable[[Plan], StartedStack]
    observe: Callable[[], Mapping[str, ServiceObservation]]
    save_part_names: Callable[[str, ServiceObservation], None]
    now: Callable[[], datetime]
    git: Callable[[], tuple[str | None, bool | None]]
    """The commit, and whether the working tree differs from it."""
    collected_code: Mapping[str, str]
    """Path of a test file → digest of its tests' code, as it was collected.

    If the file was saved while others were collected, it differs from every digest of `read_code`.
    """
    read_code: Callable[[], CodeDigest]
    """Reads the same digests now."""
    place_of: Callable[[Collected, str], str] = lambda test, _: test.nodeid
    """The place of the marker by which a test names a service."""
    save_texts: Callable[[Mapping[str, RunTexts]], None] = lambda _: None
    """Stores texts of failures on this machine, outside of the records."""
    on_locked: Callable[[], None] = lambda: None
    """Called once the run holds the lock, before anything is started."""
