"""What a run talks to, as protocols: the ledger, the started stack, the lock and the readers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from stacktest.application.judge import Judge
from stacktest.core.freshness.inputs import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.plan import Plan
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.records.status import StatusMeta
from stacktest.core.runs.requirements import CodeDigest
from stacktest.core.runs.start_failure import StartFailure


class Opened(Protocol):
    """The records of a run that is about to begin."""

    @property
    def run(self) -> Run:
        """The run with its number."""

    @property
    def records(self) -> Mapping[str, LastRun]:
        """Service → its record."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Service → why its evidence may not be touched."""

    @property
    def foreign(self) -> Mapping[str, str]:
        """Service → the other stack that its records come from."""


class Recorder(Protocol):
    """The part of the ledger that a run writes to."""

    def open_run(
        self, run: Run, before: Mapping[str, ServiceObservation], *, up: Iterable[str] = ()
    ) -> Opened:
        """Leave a record of the run before its first test; `up` are the services that are up."""

    def record_failed_starts(
        self,
        run: Run,
        failures: Mapping[str, StartFailure],
        fingerprints: Mapping[str, FingerprintRecord],
        *,
        whole: bool,
    ) -> Mapping[str, str]:
        """Write down which services were not up; answers those that were refused, and why."""

    def close_run(
        self,
        records: Mapping[str, LastRun],
        passes: Mapping[str, LastPass],
        lines: Mapping[str, HistoryLine],
    ) -> Mapping[str, str]:
        """Write what came of the run; answers the services that were refused, and why."""

    def write_status(self, judgements: Mapping[str, Judgement], meta: StatusMeta) -> bool:
        """Write the status."""


class StartedStack(Protocol):
    """A stack that was brought up, and can be taken down again."""

    @property
    def failures(self) -> Mapping[str, StartFailure]:
        """Services that are not up, and those that need them, each with its cause."""

    def stop(self) -> Mapping[str, str]:
        """Remove what the run created; name → why it is left, of what is not removed."""

    @property
    def healthy_at(self) -> Mapping[str, float]:
        """Container → when the run saw it become healthy; Unix time."""

    def fallen(self) -> Mapping[str, str]:
        """Services that were ready and are not any more."""

    def boot_seconds(self) -> Mapping[str, float]:
        """Service → seconds from its start until it was ready, for what this run started."""


class Lock(Protocol):
    """One run per stack."""

    def acquire(self) -> None:
        """Take the lock; LockHeldError, with its holder, where another run has it."""

    def release(self) -> None:
        """Give it back."""


class RunPorts(Struct, frozen=True, kw_only=True):
    """Everything outside that a run talks to."""

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
    """Path of a test file → digest of the code that its tests consist of, as it was collected.

    It differs from any that `read_code` gives when the file was saved while others were collected.
    """
    read_code: Callable[[], CodeDigest]
    """Reads the same digests now."""
    save_texts: Callable[[Mapping[str, RunTexts]], None] = lambda _: None
    """Keeps what failures said on this machine, out of the records."""
    on_locked: Callable[[], None] = lambda: None
    """Called once the stack is this run's alone, before anything is started."""
