"""Reasons for a service's state: a kind, a subject and a note in one string.

    Reason.of("config", "redis.conf")          "config:redis.conf"
    Reason.of("dependency", "db", "added")     "dependency:db:added"
    Reason.of("part", "image", "no engine")    "part:image: no engine"

A reason is the string in JSON documents, so it is written and compared as a string. `KINDS` is the
only list of kinds, with the wording for people. Every kind has a heading in
`docs/reference/reasons.md` with its meaning and what to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from msgspec import Struct, field

CACHED = "cached"
"""The note of `unbuilt` if a build began since: it failed, or used its cache for every step."""

IMAGE_OF = "image of "
"""The beginning of the subject of `unbuilt` if the build belongs to another service."""

GONE = "gone"
"""The note of `folder` if there is no such folder on this machine."""

MADE_FROM = frozenset({"folder", "files"})
"""Kinds that say where a container was made from: they explain drift, and are none."""

YOUNGER = "younger"
"""The note of `volume` if it was created after the containers that passed had started."""


class ReasonKind(Struct, frozen=True, kw_only=True):
    """The wording of reasons of one kind, as clauses about the service."""

    alone: str = ""
    """The clause of a reason without a subject."""
    about: str = ""
    """The clause of a reason with a subject; `{subject}` includes the note if there is one."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    """Subjects that have a clause of their own."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Notes that follow their subject after a colon, and the clause of each."""
    explains: bool = False
    """Whether a note in free text may follow the subject, after a colon and a blank."""


KINDS: Mapping[str, ReasonKind] = {
    "absent": ReasonKind(alone="it does not run"),
    "age": ReasonKind(alone="its last pass is older than allowed"),
    "build": ReasonKind(alone="what it is built from changed", about="{subject} changed"),
    "clock": ReasonKind(about="the clock: {subject}"),
    "command": ReasonKind(alone="its command differs"),
    "config": ReasonKind(alone="a mounted file changed", about="{subject} changed"),
    "container": ReasonKind(about="its container: {subject}"),
    "content": ReasonKind(
        about="{subject} in the container has other content than the compose file says"
    ),
    "definition": ReasonKind(about="{subject} in the compose file is not what the container has"),
    "dependency": ReasonKind(
        about="{subject}, which it depends on, changed",
        notes={
            "added": "{subject} is a new dependency",
            "removed": "{subject} is not a dependency any more",
        },
        explains=True,
    ),
    "doc": ReasonKind(about="its page: {subject}"),
    "doc_uncommitted": ReasonKind(alone="its page has changes that are not committed"),
    "entrypoint": ReasonKind(alone="its entrypoint differs"),
    "env": ReasonKind(alone="its environment changed", about="the variable {subject} differs"),
    "evidence": ReasonKind(about="its record: {subject}", explains=True),
    "files": ReasonKind(
        alone="its container was made from compose files that are not read here",
        about="its container was made from {subject}, which is not read here",
    ),
    "fingerprint_version": ReasonKind(
        alone="another version of stacktest recorded its pass, and it may have changed since"
    ),
    "folder": ReasonKind(
        alone="its container was made from another folder",
        about="its container was made from another folder, {subject}",
        notes={GONE: "its container was made from {subject}, a folder that is not here"},
    ),
    "image": ReasonKind(alone="its image changed", about="its image: {subject}"),
    "last_pass": ReasonKind(alone="the record of its last pass is gone"),
    "last_run": ReasonKind(alone="the record of its last run is gone"),
    "live": ReasonKind(about="what runs cannot be seen: {subject}", explains=True),
    "mount": ReasonKind(about="the mount {subject} differs"),
    "moved during the tests": ReasonKind(alone="it was changed while its tests ran"),
    "name": ReasonKind(
        about="the front door finds others by its name {subject}, too", explains=True
    ),
    "network": ReasonKind(about="the network {subject} exists with other options"),
    "older": ReasonKind(
        alone="its records are older than its last run on this machine",
        about="its records do not hold {subject}, which this machine remembers",
    ),
    "part": ReasonKind(about="not known: {subject}", explains=True),
    "rehearsal": ReasonKind(about="what its files say did not pass its rehearsal {subject}"),
    "repo": ReasonKind(alone="what the repository says of it changed"),
    "reverted": ReasonKind(alone="it is what it was, but something else ran in between"),
    "route": ReasonKind(alone="its route changed", about="{subject}"),
    "run": ReasonKind(
        about="{subject}", subjects={"unfinished": "its last run never came to its end"}
    ),
    "stack": ReasonKind(about="the stack: {subject}"),
    "start": ReasonKind(about="it did not come up: {subject}"),
    "stale": ReasonKind(about="{subject} is not what the container read at its start"),
    "stanza": ReasonKind(
        alone="its definition in the compose file changed", about="its definition: {subject}"
    ),
    "test": ReasonKind(about="{subject} failed"),
    "tests": ReasonKind(about="its tests: {subject}", subjects={"edited": "its tests were edited"}),
    "unbuilt": ReasonKind(
        about="{subject} changed, and nobody built it since",
        notes={CACHED: "{subject} changed, and a build since left the image as it was, or failed"},
    ),
    "update": ReasonKind(
        alone="an update of it is open: stacktest update --continue, or --undo",
        about="its update was put back: {subject}",
    ),
    "volume": ReasonKind(
        about="the volume {subject} exists with other options",
        notes={YOUNGER: "the volume {subject} was created after the pass: other data was tested"},
    ),
}


class Reason(str):
    """One reason as JSON has it; a text whose kind is not in `KINDS` is shown unchanged."""

    __slots__ = ()

    @classmethod
    def of(cls, kind: str, subject: str = "", note: str = "") -> Self:
        """Makes a reason from its three fields; `kind` has to be in `KINDS`."""
        how = KINDS[kind]
        if not subject:
            return cls(kind)
        end = "" if not note else f":{note}" if note in how.notes else f": {note}"
        return cls(f"{kind}:{subject}{end}")

    @property
    def kind(self) -> str:
        """A key of `KINDS`; empty for any other text."""
        kind = self.partition(":")[0]
        return kind if kind in KINDS else ""

    @property
    def subject(self) -> str:
        """The file, variable, dependency or test that it is about; may be empty."""
        return self._split()[0]

    @property
    def note(self) -> str:
        """The remark about the subject; mostly empty."""
        return self._split()[1]

    @property
    def sentence(self) -> str:
        """The reason as a clause about the service: `redis.conf changed`."""
        if not self.kind:
            return str(self)
        how, (subject, note) = KINDS[self.kind], self._split()
        if not subject:
            return how.alone or str(self)
        clause = how.subjects.get(subject) or how.notes.get(note)
        if clause:
            return clause.format(subject=subject)
        rest = f"{subject}: {note}" if note else subject
        return how.about.format(subject=rest) if how.about else str(self)

    # Private

    def _split(self) -> tuple[str, str]:
        rest = self.partition(":")[2]
        how = KINDS.get(self.kind)
        if how is None:
            return "", ""
        subject, _, note = rest.rpartition(":")
        if note in how.notes:
            return subject, note
        if how.explains and ": " in rest:
            subject, _, note = rest.partition(": ")
            return subject, note
        return rest, ""


def in_records(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons as committed files hold them: without paths that only this machine has."""
    known = map(Reason, reasons)
    rows = (
        reason.kind if reason.kind in MADE_FROM and _is_outside(reason.subject) else str(reason)
        for reason in known
        if not (reason.kind == "folder" and reason.note == GONE)
    )
    return tuple(rows)


def listed_rows(rows: Iterable[Sequence[str]], most: int) -> Iterator[str]:
    """One text per service for a table; `as above` repeats shared reasons of the row before."""
    above: Sequence[str] = ()
    for reasons in rows:
        is_shared = bool(reasons) and all(Reason(text).kind in _SHARED for text in reasons)
        yield "as above" if is_shared and reasons == above else listed(reasons, most)
        above = reasons


def listed(texts: Sequence[str], most: int = 5) -> str:
    """The first `most` texts and the number of the others: thousands of files may differ."""
    more = len(texts) - most
    return "; ".join([*texts[:most], *([f"and {more} more"] if more > 0 else [])])


# Private

_SHARED = frozenset({"stack", "start"})
"""Kinds of reasons that many services can share, such as an engine that is down."""


def _is_outside(subject: str) -> bool:
    """Whether one of the paths, which are relative to the stack, lies outside of it."""
    return any(path.startswith(("/", "..")) for path in subject.split(", "))
