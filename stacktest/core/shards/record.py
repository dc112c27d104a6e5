"""The record of one shard: all observations that the end of a run needs, without conclusions.

`stacktest merge` joins such records and then processes the end of the run once, on all of their
data. A record is not committed, but people may download it: like every record it contains no text
of a test or a program, and no value of a variable.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from msgspec import Struct, ValidationError, convert, field, to_builtins

from stacktest.core.broken_files import BrokenFile
from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.digest import digest
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.json_data import Json
from stacktest.core.records.common import Run
from stacktest.core.records.plain import PlainRecord
from stacktest.core.records.strict_json import Fields, RecordError, check_schema
from stacktest.core.runs.bare_text import bare_cause
from stacktest.core.runs.moves import Move
from stacktest.core.runs.start_failure import CODE, StartFailure
from stacktest.core.runs.verdict import HiddenFile, Outcome, Result
from stacktest.core.shards.observed import observation_of, observation_to_dict
from stacktest.core.shards.shard import Shard

SHARD = "stacktest.shard/1"


class ShardTest(PlainRecord, frozen=True, kw_only=True):
    """A test of the inventory, or of the selection that was divided."""

    nodeid: str
    services: tuple[str, ...]
    phase: str
    path: str
    routed: bool
    no_contact: tuple[str, ...]

    @classmethod
    def of(cls, test: Collected) -> Self:
        """The test without fields that only the collecting process can use."""
        return convert(test, cls, from_attributes=True)

    def collected(self) -> Collected:
        """The test with the fields that plan, verdict and credit use."""
        return Collected(
            nodeid=self.nodeid,
            reported=self.nodeid,
            services=self.services,
            phase=self.phase,
            routed=self.routed,
            path=self.path,
            source=self.path,
            line=0,
            checks=0,
            files=(),
            saved=None,
            no_contact=self.no_contact,
        )


class ShardOutcome(PlainRecord, frozen=True, kw_only=True):
    """The outcome of one test; its message is only in the reports of the shard's machine."""

    nodeid: str
    services: tuple[str, ...]
    result: Result
    flaky: bool
    kind: str
    contacts: tuple[str, ...]
    looks: tuple[str, ...]
    assertions: int
    started: datetime | None
    ms: int

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The outcome without its message."""
        return cls(
            nodeid=outcome.nodeid,
            services=outcome.services,
            result=outcome.result,
            flaky=outcome.flaky,
            kind=outcome.kind,
            contacts=outcome.contacts,
            looks=outcome.looks,
            assertions=outcome.assertions,
            started=outcome.started,
            ms=round(outcome.seconds * 1000),
        )

    def outcome(self) -> Outcome:
        """The outcome in the form that verdicts use."""
        return Outcome(
            nodeid=self.nodeid,
            services=self.services,
            result=self.result,
            flaky=self.flaky,
            reason=self.kind,
            kind=self.kind,
            contacts=self.contacts,
            looks=self.looks,
            assertions=self.assertions,
            started=self.started,
            seconds=self.ms / 1000,
        )


class ShardHiddenFile(PlainRecord, frozen=True, kw_only=True):
    """A file of the suites from which no test was collected."""

    path: str
    services: tuple[str, ...]
    why: str

    @classmethod
    def of(cls, file: HiddenFile) -> Self:
        """The file, with the kind of the reason only."""
        return cls(path=file.path, services=file.services, why=bare_cause(file.why))

    def hidden(self) -> HiddenFile:
        """The file in the form that verdicts use."""
        return HiddenFile(path=self.path, services=self.services, why=self.why)

    def broken(self) -> BrokenFile:
        """The file as one that cannot be collected."""
        known = bool(self.services)
        return BrokenFile(
            path=self.path, where=self.path, services=self.services, is_read=known, why=self.why
        )


class NotUp(PlainRecord, frozen=True, kw_only=True):
    """A service that was not up in the shard."""

    service: str
    cause: str
    because_of: str
    has_ended: bool
    code: str = CODE

    @classmethod
    def of(cls, failure: StartFailure) -> Self:
        """The failure without messages of other programs."""
        return cls(
            service=failure.service,
            cause=failure.recorded,
            because_of=failure.because_of,
            has_ended=failure.has_ended,
            code=failure.code,
        )

    def failure(self) -> StartFailure:
        """The failure in the form that the end of a run uses."""
        return StartFailure(
            service=self.service,
            cause=self.cause,
            because_of=self.because_of,
            has_ended=self.has_ended,
            code=self.code,
        )


class CodeOfFile(PlainRecord, frozen=True, kw_only=True):
    """Digests of the code of one test file: at collection, and after the tests."""

    path: str
    collected: str
    """Empty if the file was saved again during the collection."""
    after: str


class ShardInventory(PlainRecord, frozen=True, kw_only=True):
    """All required tests, independent of the selection, and files that could not be collected."""

    tests: tuple[ShardTest, ...]
    unlisted: tuple[ShardTest, ...]
    """Tests of the selection that are not required."""
    elsewhere: tuple[str, ...]
    """Node ids of tests in `unlisted` that are outside of the suites."""
    errors: tuple[str, ...]
    """Files that cannot be collected, which are in `hidden` too, or why none of them can."""
    hidden: tuple[ShardHiddenFile, ...]

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """The files that cannot be collected, in the form that the end of a run uses."""
        places = {file.path for file in self.hidden}
        files = [file.broken() for file in self.hidden if file.path in self.errors]
        return (*files, *(BrokenFile(why=why) for why in self.errors if why not in places))

    @property
    def digest(self) -> str:
        """A digest of the inventory."""
        return digest(self.to_dict())


class ShardRun(PlainRecord, frozen=True, kw_only=True):
    """Facts about the run of a shard beside its outcomes."""

    selection: str
    """Arguments that select tests before the division, without expressions."""
    deselected: tuple[str, ...] = ()
    """Tests that were deselected after the collection and before the division."""
    deviations: tuple[str, ...] = ()
    interrupted: bool = False
    ended_early: str = ""


class ShardRecord(Struct, frozen=True, kw_only=True):
    """One shard: its selection, its observations, and the outcomes of its tests."""

    shard: Shard
    group: str
    """Id of the CI run that all shards belong to; empty outside of CI."""
    stack: str
    """Name of the project; `run.stack` also names the engine."""
    run: Run
    key_id: str
    times: str
    """Digest of the durations that were used to divide the tests."""
    inventory: ShardInventory
    order: tuple[str, ...]
    """All divided tests, in the order of an undivided run."""
    facts: ShardRun
    outcomes: tuple[ShardOutcome, ...]
    """One outcome for each test of this shard."""
    code: tuple[CodeOfFile, ...]
    before: Mapping[str, ServiceObservation]
    after: Mapping[str, ServiceObservation]
    moves: tuple[Move, ...] = ()
    not_up: tuple[NotUp, ...] = ()
    boot_ms: Mapping[str, int] = field(default_factory=dict)
    fallen: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Json]:
        """The document `2-of-4.json`; its digest shows that it is complete and unchanged."""
        document = self._content()
        return {**document, "digest": digest(document)}

    def _content(self) -> dict[str, Json]:
        return {
            "schema": SHARD,
            "index": self.shard.index,
            "count": self.shard.count,
            "group": self.group,
            "stack": self.stack,
            "run": self.run.to_dict(),
            "key_id": self.key_id,
            "times": self.times,
            "inventory_digest": self.inventory.digest,
            "inventory": self.inventory.to_dict(),
            "order": list(self.order),
            "facts": self.facts.to_dict(),
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
            "code": [code.to_dict() for code in self.code],
            "before": {n: observation_to_dict(o) for n, o in sorted(self.before.items())},
            "after": {n: observation_to_dict(o) for n, o in sorted(self.after.items())},
            "moves": to_builtins([*self.moves]),
            "not_up": [failure.to_dict() for failure in self.not_up],
            "boot_ms": dict(sorted(self.boot_ms.items())),
            "fallen": dict(sorted(self.fallen.items())),
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, SHARD)
        f = Fields(document, "$", _KEYS)
        shard = Shard(index=f.number("index"), count=f.number("count"))
        if not 1 <= shard.index <= shard.count:
            raise RecordError(f"$.index is {shard.index}, of {shard.count}")
        record = cls(
            shard=shard,
            group=f.text("group"),
            stack=f.text("stack"),
            run=Run.from_dict(*f.raw("run")),
            key_id=f.text("key_id"),
            times=f.text("times"),
            inventory=ShardInventory.from_dict(*f.raw("inventory")),
            order=f.texts("order"),
            facts=ShardRun.from_dict(*f.raw("facts")),
            outcomes=tuple(ShardOutcome.from_dict(*item) for item in f.items("outcomes")),
            code=tuple(CodeOfFile.from_dict(*item) for item in f.items("code")),
            before={n: observation_of(*item) for n, item in f.objects("before").items()},
            after={n: observation_of(*item) for n, item in f.objects("after").items()},
            moves=tuple(_move(*item) for item in f.items("moves")),
            not_up=tuple(NotUp.from_dict(*item) for item in f.items("not_up")),
            boot_ms=f.number_map("boot_ms"),
            fallen=f.text_map("fallen"),
        )
        if record.to_dict()["digest"] != f.text("digest"):
            raise RecordError("$.digest is not the one of its content: the record was changed")
        return record


# Private

_KEYS = (
    *("schema", "index", "count", "group", "stack", "run", "key_id", "times", "inventory_digest"),
    *("inventory", "order", "facts", "outcomes", "code", "before", "after", "moves", "not_up"),
    *("boot_ms", "fallen", "digest"),
)


def _move(value: Json, path: str) -> Move:
    try:
        return convert(value, Move)
    except ValidationError as error:
        raise RecordError(f"{path} is not a declared move") from error
