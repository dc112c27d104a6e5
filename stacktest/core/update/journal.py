"""The journal of one update: what runs, what was copied, and which step it is at.

It holds names, ids and digests. Values of variables stay where they were: with the engine, in the
spare of each container (`spare.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from stacktest.core.changed_copy import replace
from stacktest.core.records.plain import PlainRecord
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.update.steps import CLOSED, Outcome, Step, next_step

UPDATE = "stacktest.update/1"


class Candidate(PlainRecord, frozen=True, kw_only=True):
    """What a service is to become."""

    service: str
    image: str
    """Id of the image."""
    named: str
    """The image that a person named in place of the one in the files; empty: that of the files."""
    digest: str
    """Of the image and of all files: the same candidate has the same one."""
    differs: tuple[str, ...]
    """How what ran differed from the files, by name."""


class OldContainer(PlainRecord, frozen=True, kw_only=True):
    """A container that is replaced, and the one that remembers how it was made."""

    service: str
    name: str
    container: str
    """Its id when the update began."""
    image: str
    spare: str
    """Name of a container that is never started and holds the configuration."""
    ran: bool


class SavedData(PlainRecord, frozen=True, kw_only=True):
    """A volume or folder of the running stack, and the volume that has the copy."""

    source: str
    volume: str
    services: tuple[str, ...]

    @property
    def copy(self) -> DataCopy:
        """The same for whoever copies."""
        return DataCopy(volume=self.volume, source=self.source, services=self.services)


class Journal(PlainRecord, frozen=True, kw_only=True):
    """One update, from the first thing that it changes to its end: `update.json`."""

    SCHEMA = UPDATE
    LATER = ("restored",)

    id: str
    step: Step
    started: datetime
    finished: datetime | None = None
    candidates: tuple[Candidate, ...]
    """In the order in which the services are replaced."""
    containers: tuple[OldContainer, ...]
    data: tuple[SavedData, ...]
    writers: tuple[str, ...] = ()
    """Ids of other running containers that write to this data: stopped while it is put back."""
    model: str
    """Digest of the compose model that the candidates come from."""
    without_baseline: bool = False
    """Whether a service was replaced that had no standing pass."""
    rehearsal: str = ""
    """The rehearsal that passed; empty: there was none."""
    why: str = ""
    """Why it was put back; empty: a person asked for it."""
    works: bool | None = None
    """Whether the tests passed on what was put back."""
    restored: tuple[str, ...] = ()
    """Ids of the containers that took the places of the old ones."""
    stood_ms: int = 0
    """Milliseconds from the first stop until everything was ready again, of the last way."""
    kept_until: datetime | None = None
    """Until when copies and spares stay after the end."""

    @property
    def cause(self) -> str:
        """Why it was put back, in words."""
        return self.why or "a person undid it"

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        return self.step not in CLOSED

    @property
    def can_be_undone(self) -> bool:
        """Whether all that is needed to put everything back is still there."""
        return self.is_open or (self.step == "kept" and self.kept_until is not None)

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are replaced, in order."""
        return tuple(candidate.service for candidate in self.candidates)

    def after(self, outcome: Outcome, **changes: Any) -> Self:
        """The journal at the step that follows."""
        return replace(self, step=next_step(self.step, outcome), **changes)


def refused_again(
    candidates: Sequence[Candidate], earlier: Sequence[Journal]
) -> Mapping[str, Journal]:
    """Service → the update in which this very candidate, the last one tried, was put back."""
    last = last_tried(earlier)
    return {
        candidate.service: last[candidate.service][1]
        for candidate in candidates
        if candidate.service in last
        and last[candidate.service][0].digest == candidate.digest
        and last[candidate.service][1].step == "put_back"
    }


def works_again(earlier: Sequence[Journal], service: str) -> frozenset[str]:
    """Ids of the containers that the last update of a service put back and saw pass their tests.

    They run what the files no longer say, so no run of the tests credits them.
    """
    _, journal = last_tried(earlier).get(service, (None, None))
    if journal is None or journal.step != "put_back" or not journal.works:
        return frozenset()
    return frozenset(journal.restored)


def last_tried(ended: Sequence[Journal]) -> Mapping[str, tuple[Candidate, Journal]]:
    """Service → what it was last replaced with, and the update that did."""
    last: dict[str, tuple[Candidate, Journal]] = {}
    for journal in sorted(ended, key=lambda journal: journal.started):
        if journal.step in {"kept", "put_back"}:
            last |= {candidate.service: (candidate, journal) for candidate in journal.candidates}
    return last
