"""The documents `status.json` and `status.meta.json`.

`status.json` is a flat map of service → entry and nothing else: a value of another kind at the top
level would make the gate of its early readers pass. Its schema, versions and times are therefore in
`status.meta.json`. The first seven keys of an entry are the original ones, in their order.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, get_args

from msgspec import Struct, field

from stacktest.core import timestamps
from stacktest.core.backups.states import BackupJudgement, BackupState
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State, StatusWord
from stacktest.core.json_data import Json
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.plain import PlainRecord
from stacktest.core.records.strict_json import Fields, RecordError, check_schema
from stacktest.core.runs.bare_text import bare_name, bare_reason

META = "stacktest.status_meta/1"
Scope = Literal["host", "repo"]

ORIGINAL_KEYS = (
    "status",
    "fingerprint",
    "last_change",
    "last_test_pass",
    "spoke_updated",
    "functional",
    "documented",
)
OUR_KEYS = (
    "state",
    "reasons",
    "also",
    "parts",
    "repo_fingerprint",
    "tests",
    "pass_fingerprint",
    "unverified",
)

ABSENT = "live:absent"
"""What is not verified of a service that has no container."""


class StatusEntry(Struct, frozen=True, kw_only=True):
    """One service in `status.json`."""

    status: StatusWord
    fingerprint: str | None
    last_change: datetime | None
    last_test_pass: datetime | None
    spoke_updated: datetime | None
    functional: bool
    documented: bool
    state: State | None = None
    """None: another program wrote the entry, with the seven original keys only."""
    reasons: tuple[str, ...] = ()
    also: tuple[State, ...] = ()
    """Other states that hold as well, which will show once the first is cleared."""
    parts: Mapping[str, str | None] = field(default_factory=dict)
    repo_fingerprint: str | None = None
    required: int = 0
    passed: int = 0
    flaky: int = 0
    pass_fingerprint: str | None = None
    unverified: tuple[str, ...] = ()
    run: int | None = None
    """Number of the newest known run of the service; None: there was none."""

    def to_dict(self) -> dict[str, Json]:
        """The entry, its first seven keys in the original order."""
        original: dict[str, Json] = {
            "status": self.status,
            "fingerprint": self.fingerprint,
            "last_change": _written(self.last_change),
            "last_test_pass": _written(self.last_test_pass),
            "spoke_updated": _seconds(self.spoke_updated),
            "functional": self.functional,
            "documented": self.documented,
        }
        if self.state is None:
            return original
        return original | {
            "state": self.state.value,
            "reasons": list(self.reasons),
            "also": [state.value for state in self.also],
            "parts": dict(sorted(self.parts.items())),
            "repo_fingerprint": self.repo_fingerprint,
            "tests": {"required": self.required, "passed": self.passed, "flaky": self.flaky},
            "pass_fingerprint": self.pass_fingerprint,
            "unverified": list(self.unverified),
            "run": self.run,
        }

    @classmethod
    def from_dict(cls, value: Json, path: str = "$") -> Self:
        """The reverse of `to_dict`; an entry with the seven original keys only is read, too."""
        is_original = isinstance(value, Mapping) and set(value) == set(ORIGINAL_KEYS)
        keys = ORIGINAL_KEYS if is_original else (*ORIGINAL_KEYS, *OUR_KEYS)
        f = Fields(value, path, keys, later=() if is_original else ("run",))
        word: Any = f.text("status", among=get_args(StatusWord))
        original = cls(
            status=word,
            fingerprint=f.optional_text("fingerprint"),
            last_change=f.optional_moment("last_change"),
            last_test_pass=f.optional_moment("last_test_pass"),
            spoke_updated=f.optional_moment("spoke_updated"),
            functional=f.flag("functional"),
            documented=f.flag("documented"),
        )
        return original if is_original else original._with_ours(f, path)

    def _with_ours(self, f: Fields, path: str) -> Self:
        tests = Fields(*f.raw("tests"), keys=("required", "passed", "flaky"))
        state = _state(f.text("state"), f"{path}.state")
        if (state.status, state.functional) != (self.status, self.functional):
            raise RecordError(f"{path}.status and .functional do not belong to {state.value!r}")
        return replace(
            self,
            state=state,
            reasons=tuple(map(_bare, f.texts("reasons"))),
            also=tuple(_state(name, f"{path}.also") for name in f.texts("also")),
            parts=f.optional_text_map("parts"),
            repo_fingerprint=f.optional_text("repo_fingerprint"),
            required=tests.number("required"),
            passed=tests.number("passed"),
            flaky=tests.number("flaky"),
            pass_fingerprint=f.optional_text("pass_fingerprint"),
            unverified=f.texts("unverified"),
            run=f.optional_number("run"),
        )


class BackupEntry(PlainRecord, frozen=True, kw_only=True):
    """The state of one service's backup, and its last drill."""

    state: str
    why: str
    """The reason for the state; empty when it is restorable."""
    drilled: datetime | None
    made: datetime | None
    """When the backup that was restored was made."""
    restore_ms: int

    @classmethod
    def of(cls, judgement: BackupJudgement) -> Self:
        """The entry for a judged backup."""
        drill = judgement.drill
        return cls(
            state=judgement.state.value,
            why=judgement.why,
            drilled=drill.finished if drill else None,
            made=drill.made if drill else None,
            restore_ms=drill.restore_ms if drill else 0,
        )

    @property
    def known_state(self) -> BackupState:
        """The state as an enum member."""
        return BackupState(self.state)

    def as_written_now(self) -> Self:
        """The entry itself; RecordError for an unknown state."""
        if self.state not in {state.value for state in BackupState}:
            raise RecordError(f"no state of a backup is called {self.state!r}")
        return self


class StatusMeta(Struct, frozen=True, kw_only=True):
    """Data about `status.json` as a whole: versions, scope, time, exemptions, warnings."""

    versions: Mapping[str, str]
    """Versions of `stacktest`, `compose` and other programs that were used."""
    fingerprint_version: int
    key_id: str
    scope: Scope
    evaluated_at: datetime
    exemptions: tuple[Exemption, ...] = ()
    """The exemptions in force."""
    warnings: tuple[str, ...] = ()
    backups: Mapping[str, BackupEntry] = field(default_factory=dict)
    """Service with a declared backup → the entry of that backup."""

    def to_dict(self) -> dict[str, Json]:
        """The document `status.meta.json`."""
        backups = {name: entry.to_dict() for name, entry in sorted(self.backups.items())}
        return {
            "schema": META,
            "versions": dict(sorted(self.versions.items())),
            "fingerprint_version": self.fingerprint_version,
            "key_id": self.key_id,
            "scope": self.scope,
            "evaluated_at": timestamps.to_text(self.evaluated_at),
            "exemptions": [exemption.to_dict() for exemption in self.exemptions],
            "warnings": list(self.warnings),
            **({"backups": backups} if backups else {}),
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, META)
        keys = ("schema", "versions", "fingerprint_version", "key_id", "scope", "evaluated_at")
        f = Fields(document, "$", (*keys, "exemptions", "warnings"), later=("backups",))
        backups = f.objects("backups") if f.raw("backups")[0] is not None else {}
        return cls(
            versions=f.text_map("versions"),
            fingerprint_version=f.number("fingerprint_version"),
            key_id=f.text("key_id"),
            scope="host" if f.text("scope", among=get_args(Scope)) == "host" else "repo",
            evaluated_at=f.moment("evaluated_at"),
            exemptions=tuple(Exemption.from_dict(*item) for item in f.items("exemptions")),
            warnings=f.texts("warnings"),
            backups={name: BackupEntry.from_dict(*entry) for name, entry in backups.items()},
        )


def read_status(document: Json) -> Mapping[str, StatusEntry]:
    """All entries of `status.json`; a RecordError names the first invalid one."""
    if not isinstance(document, Mapping):
        raise RecordError("not a JSON object")
    return {name: StatusEntry.from_dict(value, name) for name, value in document.items()}


LOOK_AGAIN = timedelta(hours=1)
"""Minimum age of `evaluated_at` before an unchanged status updates it."""


def steady(old: StatusMeta, new: StatusMeta, *, asked: bool = False) -> StatusMeta:
    """The old document while only the time differs, so that a repeated evaluation writes nothing.

    After a run the time is updated once an hour, after a query (`asked`) never.
    """
    age = new.evaluated_at - old.evaluated_at
    is_recent = timedelta() <= age and (asked or age < LOOK_AGAIN)
    same = replace(new, evaluated_at=old.evaluated_at) == old
    return old if is_recent and same else new


# Private


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else timestamps.to_text(moment)


def _seconds(moment: datetime | None) -> str | None:
    """A commit's time without milliseconds, since early readers show the text unchanged."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _bare(text: str) -> str:
    """A reason of an older version without the test's message, as this version writes it."""
    reason = Reason(text)
    if reason.kind in ("run", "start") and reason.subject:
        return Reason.of(reason.kind, bare_reason(reason.subject))
    return Reason.of("test", bare_name(reason.subject)) if reason.kind == "test" else text


def _state(name: str, path: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise RecordError(f"{path}: no state is called {name!r}") from None
