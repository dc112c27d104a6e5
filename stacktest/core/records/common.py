"""Parts that several records share: a fingerprint, a container and a run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from msgspec import Struct, field

from stacktest.core.fingerprint.fingerprint import FINGERPRINT_VERSION, KEYED, PARTS, Fingerprint
from stacktest.core.json_data import Json
from stacktest.core.records.plain import PlainRecord
from stacktest.core.records.strict_json import NEWER, Fields, RecordError
from stacktest.core.unknown import Unknown


class FingerprintRecord(Struct, frozen=True, kw_only=True):
    """A fingerprint as it is stored in a record; an unknown part or digest is None."""

    version: int
    """Version of the algorithm."""
    digest: str | None
    parts: Mapping[str, str | None]
    repo: str | None
    key_id: str
    """The id of the key that signed; empty without a key."""
    keyed: tuple[str, ...] = KEYED
    """Parts that can only be compared under the same key."""

    @property
    def is_newer(self) -> bool:
        """Whether an algorithm made it that this version does not know."""
        return self.version > FINGERPRINT_VERSION

    @property
    def newer(self) -> str:
        """Why a fingerprint of a later version cannot be compared."""
        return f"{NEWER}: fingerprint version {self.version}, this one knows {FINGERPRINT_VERSION}"

    KEYS = ("v", "fingerprint", "parts", "repo_fingerprint", "key_id", "keyed")

    @classmethod
    def attest(cls, fingerprint: Fingerprint) -> Self:
        """The fingerprint in the form of a record: without ingredient names and without reasons."""
        return cls(
            version=fingerprint.version,
            digest=_or_none(fingerprint.digest),
            parts={name: _or_none(value) for name, value in fingerprint.parts.items()},
            repo=_or_none(fingerprint.repo),
            key_id=fingerprint.key_id,
            keyed=tuple(fingerprint.keyed),
        )

    @classmethod
    def unknown(cls) -> Self:
        """The record for a service whose fingerprint is not known at all."""
        parts = dict.fromkeys(PARTS)
        return cls(version=FINGERPRINT_VERSION, digest=None, parts=parts, repo=None, key_id="")

    def as_fingerprint(self, detail: Mapping[str, Mapping[str, str]] | None = None) -> Fingerprint:
        """The fingerprint, to be compared with another; `detail` are its ingredients if known."""
        unknown = Unknown("not known when it was recorded")
        return Fingerprint(
            version=self.version,
            parts={name: unknown if value is None else value for name, value in self.parts.items()},
            repo=unknown if self.repo is None else self.repo,
            key_id=self.key_id,
            keyed=self.keyed,
            detail=detail or {},
        )

    def to_dict(self) -> dict[str, Json]:
        """The keys that a record contains for its fingerprint."""
        return {
            "v": self.version,
            "fingerprint": self.digest,
            "parts": dict(self.parts),
            "repo_fingerprint": self.repo,
            "key_id": self.key_id,
            "keyed": list(self.keyed),
        }

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """Reads the keys of a record; RecordError if the digest does not match the parts."""
        record = cls(
            version=fields.number("v"),
            digest=fields.optional_text("fingerprint"),
            parts=fields.optional_text_map("parts"),
            repo=fields.optional_text("repo_fingerprint"),
            key_id=fields.text("key_id"),
            keyed=fields.texts("keyed"),
        )
        if set(record.parts) != set(PARTS):
            raise RecordError(f"$.parts are not {', '.join(PARTS)}")
        if record.version <= FINGERPRINT_VERSION and record != FingerprintRecord.attest(
            record.as_fingerprint()
        ):
            raise RecordError("$.fingerprint is not the one of $.parts")
        return record


class ContainerRef(PlainRecord, frozen=True, kw_only=True):
    """A container that ran, identified by values that change when it is recreated or restarted."""

    container: str
    image: str
    started_at: str
    """The engine's start time, to the nanosecond."""


class Run(PlainRecord, frozen=True, kw_only=True):
    """One run of pytest: its number in the ledger, its times, its stack and its commit."""

    id: str
    seq: int
    """Runs are ordered by this number, never by their times."""
    started: datetime
    finished: datetime | None
    stack: str
    """Identity of the stack: the project and the engine that it runs on."""
    git_commit: str | None = None
    dirty: bool | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


# Private


def _or_none(value: str | Unknown) -> str | None:
    return None if isinstance(value, Unknown) else value
