"""The ledger's records of a service's runs, as versioned JSON documents.

    last_pass.json   LastPass      the last credited pass
    last_run.json    LastRun       the last run that touched the service, whatever its result
    history.jsonl    HistoryLine   one line per run, in the form of `history_form`

Each type has `to_dict` and `from_dict`, which are inverse. Reading is strict: a document that this
version would not write is a `RecordError` with the path inside the document, and never read with
defaults. The status documents are in `status.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self, get_args

from msgspec import Struct, field

from stacktest.core import timestamps
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.plain import PlainRecord
from stacktest.core.records.strict_json import Fields, RecordError, check_schema
from stacktest.core.runs.bare_text import bare_letters, bare_names, bare_reason
from stacktest.core.runs.verdict import Kind

LAST_PASS = "stacktest.last_pass/1"  # noqa: S105 - the name of a schema
LAST_RUN = "stacktest.last_run/1"
HISTORY = "stacktest.history/1"

Quality = Literal["clean", "flaky"]


class PassedTests(PlainRecord, frozen=True, kw_only=True):
    """The tests that a pass is based on."""

    digest: str
    """Digest of the tests' node ids and their code."""
    required: int
    passed: int
    skipped: tuple[str, ...] = ()
    assertions: int = 0
    contacts: int = 0
    known_false: int = 0
    """Number of tests whose claim is known to be false: they ran and were judged."""

    LATER = ("known_false",)

    def as_written_now(self) -> Self:
        """Tests by the names that this version gives them."""
        return replace(self, skipped=bare_names(self.skipped))


class LastPass(Struct, frozen=True, kw_only=True):
    """The last credited pass of a service."""

    timestamp: datetime
    """Start of the first of its tests: the safe choice for older readers, which compare times."""
    service: str
    quality: Quality
    fingerprint: FingerprintRecord
    tests: PassedTests
    dependencies: Mapping[str, str | None]
    """Direct dependency → its fingerprint then, None: no claim; {}: no dependencies."""
    live: tuple[ContainerRef, ...]
    run: Run

    def to_dict(self) -> dict[str, Json]:
        """The document `last_pass.json`."""
        return {
            "timestamp": timestamps.to_text(self.timestamp),
            "schema": LAST_PASS,
            "service": self.service,
            "result": "pass",
            "quality": self.quality,
            **self.fingerprint.to_dict(),
            "tests": self.tests.to_dict(),
            "dependencies": dict(self.dependencies),
            "live": [ref.to_dict() for ref in self.live],
            "run": self.run.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, LAST_PASS)
        keys = (
            "timestamp",
            "schema",
            "service",
            "result",
            "quality",
            *FingerprintRecord.KEYS,
            "tests",
        )
        f = Fields(document, "$", (*keys, "dependencies", "live", "run"))
        f.text("result", among=("pass",))
        record = cls(
            timestamp=f.moment("timestamp"),
            service=f.text("service"),
            quality="flaky" if f.text("quality", among=get_args(Quality)) == "flaky" else "clean",
            fingerprint=FingerprintRecord.of(f),
            tests=PassedTests.from_dict(*f.raw("tests")),
            dependencies=f.optional_text_map("dependencies"),
            live=tuple(ContainerRef.from_dict(*item) for item in f.items("live")),
            run=Run.from_dict(*f.raw("run")),
        )
        if record.fingerprint.digest is None:
            raise RecordError("$.fingerprint is null: a pass without it proves nothing")
        judged = record.tests.passed + record.tests.known_false
        if judged < record.tests.required or record.tests.required == 0:
            raise RecordError("$.tests: not every required test passed")
        return record


class Failure(Struct, frozen=True, kw_only=True):
    """The last conclusive failure since the pass, and the fingerprint that failed."""

    run: str
    seq: int
    started: datetime
    fingerprint: FingerprintRecord
    drifted: bool
    """Whether the container had drifted, so that the failure is not of this fingerprint."""
    tests: tuple[str, ...]

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {
            "run": self.run,
            "seq": self.seq,
            "started": timestamps.to_text(self.started),
            **self.fingerprint.to_dict(),
            "drifted": self.drifted,
            "tests": list(self.tests),
        }

    @classmethod
    def from_dict(cls, value: Json, path: str) -> Self:
        """The reverse of `to_dict`."""
        f = Fields(
            value, path, ("run", "seq", "started", *FingerprintRecord.KEYS, "drifted", "tests")
        )
        return cls(
            run=f.text("run"),
            seq=f.number("seq"),
            started=f.moment("started"),
            fingerprint=FingerprintRecord.of(f),
            drifted=f.flag("drifted"),
            tests=bare_names(f.texts("tests")),
        )


EDITED = "edited"
"""Only the files differed: the containers of the pass cannot have read the edit (`ForeignRun`)."""


class ForeignRun(PlainRecord, frozen=True, kw_only=True):
    """Another fingerprint or container ran since the pass: going back needs a new pass."""

    pass_seq: int
    """Number of the run whose pass this is about; after a later pass it no longer applies."""
    fingerprint: str | None
    at: datetime
    why: str
    """`seen`, `run`, `moved`, or EDITED."""
    live: tuple[ContainerRef, ...] = ()
    """The containers that were there, if none of them had read what differs; else empty."""

    LATER = ("live",)

    @property
    def weight(self) -> int:
        """0: only new containers can have run it; 1: also restarted ones; 2: any."""
        return 0 if self.why == EDITED else 1 if self.live else 2


class FailedStart(PlainRecord, frozen=True, kw_only=True):
    """A run needed the service and it did not come up; valid until a run brings it up."""

    run: str
    seq: int
    at: datetime
    cause: str
    """One sentence without secrets: `grafana exited 3`."""
    because_of: str = ""
    """The service that failed, if this service did not start because it needs that one."""
    whole: bool = False
    """Whether no service of the stack could be tested in that run."""

    def as_written_now(self) -> Self:
        """The record with a cause that contains no output of a program."""
        return replace(self, cause=bare_reason(self.cause))


class RunTests(PlainRecord, frozen=True, kw_only=True):
    """The results of a service's tests in one run."""

    required: int = 0
    passed: int = 0
    flaky: int = 0
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    known_false: tuple[str, ...] = ()
    """Node ids of the tests whose claim is known to be false."""

    LATER = ("known_false",)

    def as_written_now(self) -> Self:
        """Tests by the names that this version gives them."""
        failed, skipped = bare_names(self.failed), bare_names(self.skipped)
        known_false = bare_names(self.known_false)
        return replace(self, failed=failed, skipped=skipped, known_false=known_false)


class LastRun(Struct, frozen=True, kw_only=True):
    """The last run that touched a service; without `run.finished` it did not come to its end."""

    service: str
    run: Run
    fingerprint: FingerprintRecord
    """The service's fingerprint when the run began."""
    verdict: Kind | None = None
    flaky: bool = False
    credited: bool = False
    refusal: str = ""
    """Why a pass was not credited."""
    reasons: tuple[str, ...] = ()
    tests: RunTests = field(default_factory=RunTests)
    failure: Failure | None = None
    foreign: ForeignRun | None = None
    start: FailedStart | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the run ended normally."""
        return self.run.finished is not None

    def to_dict(self) -> dict[str, Json]:
        """The document `last_run.json`."""
        return {
            "schema": LAST_RUN,
            "service": self.service,
            "run": self.run.to_dict(),
            **self.fingerprint.to_dict(),
            "verdict": self.verdict,
            "flaky": self.flaky,
            "credited": self.credited,
            "refusal": self.refusal,
            "reasons": list(self.reasons),
            "tests": self.tests.to_dict(),
            "since_pass": {
                "failure": self.failure.to_dict() if self.failure else None,
                "other": self.foreign.to_dict() if self.foreign else None,
            },
            "start": self.start.to_dict() if self.start else None,
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, LAST_RUN)
        keys = ("schema", "service", "run", *FingerprintRecord.KEYS, "verdict", "flaky", "credited")
        f = Fields(
            document, "$", (*keys, "refusal", "reasons", "tests", "since_pass"), later=("start",)
        )
        since = Fields(*f.raw("since_pass"), keys=("failure", "other"))
        failure, foreign, start = since.raw("failure"), since.raw("other"), f.raw("start")
        return cls(
            service=f.text("service"),
            run=Run.from_dict(*f.raw("run")),
            fingerprint=FingerprintRecord.of(f),
            verdict=None if f.raw("verdict")[0] is None else read_kind(f),
            flaky=f.flag("flaky"),
            credited=f.flag("credited"),
            refusal=f.text("refusal"),
            reasons=tuple(map(bare_reason, f.texts("reasons"))),
            tests=RunTests.from_dict(*f.raw("tests")),
            failure=None if failure[0] is None else Failure.from_dict(*failure),
            start=None if start[0] is None else FailedStart.from_dict(*start),
            foreign=None if foreign[0] is None else ForeignRun.from_dict(*foreign),
        )


class HistoryLine(Struct, frozen=True, kw_only=True):
    """One run of one service in the history: its fingerprint and the result of every test."""

    service: str
    run: str
    seq: int
    started: datetime
    git_commit: str | None
    fingerprint: FingerprintRecord
    verdict: Kind
    credited: bool
    flaky: bool
    reasons: tuple[str, ...] = ()
    tests: Mapping[str, str] = field(default_factory=dict)
    """Node id → the letter of its result."""
    boot_ms: int | None = None
    """Milliseconds from the service's start until it was ready; None: not started in this run."""
    move_ms: Mapping[str, int] = field(default_factory=dict)
    """Kind of move that tests declared → milliseconds that the longest one took."""
    start: str = ""
    """Why the service was not up in this run; empty: it was up."""
    code: str = ""
    """Digest of the required tests; empty: not known."""
    after: tuple[str, ...] | None = None
    """The newest runs that were known at the time of writing; None: an older version wrote it."""
    disturbed: str = ""
    """A disturbance in the run that may explain failed tests: see `core.runs.disturbance`."""

    @property
    def is_conclusive(self) -> bool:
        """Whether the verdict is `passed` or `failed`."""
        return self.verdict in ("passed", "failed")

    @property
    def is_tested(self) -> bool:
        """Whether the verdict comes from tests: the service was up."""
        return self.is_conclusive and not self.start

    @property
    def is_telling(self) -> bool:
        """Whether the verdict comes from tests and no disturbance in the run explains it."""
        return self.is_tested and not self.disturbed

    @property
    def times(self) -> Mapping[str, int]:
        """Milliseconds until it was ready (`boot`), and of each kind of move."""
        boot = {} if self.boot_ms is None else {"boot": self.boot_ms}
        return {**boot, **self.move_ms}

    def to_dict(self) -> dict[str, Json]:
        """The whole line, as `history --json` prints it and older versions wrote it."""
        return {
            "schema": HISTORY,
            "service": self.service,
            "run": self.run,
            "seq": self.seq,
            "started": timestamps.to_text(self.started),
            "git_commit": self.git_commit,
            **self.fingerprint.to_dict(),
            "verdict": self.verdict,
            "credited": self.credited,
            "flaky": self.flaky,
            "reasons": list(self.reasons),
            "tests": dict(self.tests),
            "boot_ms": self.boot_ms,
            "move_ms": dict(self.move_ms),
            "start": self.start or None,
            "code": self.code or None,
            "after": None if self.after is None else list(self.after),
            "disturbed": self.disturbed or None,
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the line."""
        check_schema(document, HISTORY)
        keys = ("schema", "service", "run", "seq", "started", "git_commit", *FingerprintRecord.KEYS)
        result_keys = ("verdict", "credited", "flaky", "reasons", "tests")
        f = Fields(
            document,
            "$",
            (*keys, *result_keys),
            later=("boot_ms", "move_ms", "start", "code", "after", "disturbed"),
        )
        return cls(
            service=f.text("service"),
            run=f.text("run"),
            seq=f.number("seq"),
            started=f.moment("started"),
            git_commit=f.optional_text("git_commit"),
            fingerprint=FingerprintRecord.of(f),
            verdict=read_kind(f),
            credited=f.flag("credited"),
            flaky=f.flag("flaky"),
            reasons=tuple(map(bare_reason, f.texts("reasons"))),
            tests=bare_letters(f.text_map("tests")),
            boot_ms=f.optional_number("boot_ms"),
            move_ms={} if f.raw("move_ms")[0] is None else f.number_map("move_ms"),
            start=bare_reason(f.optional_text("start") or ""),
            code=f.optional_text("code") or "",
            after=None if f.raw("after")[0] is None else f.texts("after"),
            disturbed=f.optional_text("disturbed") or "",
        )


def read_kind(fields: Fields) -> Kind:
    """Reads the verdict of a record."""
    word: Any = fields.text("verdict", among=get_args(Kind))
    kind: Kind = word
    return kind
