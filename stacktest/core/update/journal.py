"""The journal of one update: the old containers, the saved data, and the current step.

It contains names, ids and digests. Values of variables are not in it: the engine has them, in the
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
    """The new version of a service: its image, and a digest of image and files."""

    service: str
    image: str
    """Id of the image."""
    named: str
    """The image that a person named in place of the one in the files; empty: that of the files."""
    digest: str
    """Digest of the image and of all files; it identifies the candidate."""
    differs: tuple[str, ...]
    """Reasons by which the old container differed from the files."""


class OldContainer(PlainRecord, frozen=True, kw_only=True):
    """A container that is replaced, and the spare that has its configuration."""

    service: str
    name: str
    container: str
    """The container's id when the update began."""
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
        """The same data as a `DataCopy`."""
        return DataCopy(volume=self.volume, source=self.source, services=self.services)


class Journal(PlainRecord, frozen=True, kw_only=True):
    """One update, from its first change to its end: `update.json`."""

    SCHEMA = UPDATE
    LATER = ("restored",)

    id: str
    step: Step
    started: datetime
    finished: datetime | None = None
    candidates: tuple[Candidate, ...]
    """The candidates, in the order in which services are replaced."""
    containers: tuple[OldContainer, ...]
    data: tuple[SavedData, ...]
    writers: tuple[str, ...] = ()
    """Ids of other running containers that write to this data: stopped while it is put back."""
    model: str
    """Digest of the candidates' compose model."""
    without_baseline: bool = False
    """Whether a service without a valid pass was replaced."""
    rehearsal: str = ""
    """The rehearsal that passed; empty: there was none."""
    why: str = ""
    """Why it was put back; empty: a person asked for it."""
    works: bool | None = None
    """Whether the tests passed after the old containers were put back; None: not known."""
    restored: tuple[str, ...] = ()
    """Ids of the containers that were made again in place of the old ones."""
    stood_ms: int = 0
    """Milliseconds from the first stop until all was ready, of the last replacing or put-back."""
    kept_until: datetime | None = None
    """Until when copies and spares are kept after the end; None: they are not kept."""

    @property
    def cause(self) -> str:
        """Why the update was put back, as a sentence."""
        return self.why or "a person undid it"

    @property
    def is_open(self) -> bool:
        """Whether the update has not ended."""
        return self.step not in CLOSED

    @property
    def can_be_undone(self) -> bool:
        """Whether all data and spares that are needed to put everything back still exist."""
        return self.is_open or (self.step == "kept" and self.kept_until is not None)

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are replaced, in order."""
        return tuple(candidate.service for candidate in self.candidates)

    def after(self, outcome: Outcome, **changes: Any) -> Self:
        """The journal at the next step."""
        return replace(self, step=next_step(self.step, outcome), **changes)


def refused_again(
    candidates: Sequence[Candidate], earlier: Sequence[Journal]
) -> Mapping[str, Journal]:
    """Service → the update that put this candidate back, if it was the last one tried."""
    last = last_tried(earlier)
    return {
        candidate.service: last[candidate.service][1]
        for candidate in candidates
        if candidate.service in last
        and last[candidate.service][0].digest == candidate.digest
        and last[candidate.service][1].step == "put_back"
    }


def works_again(earlier: Sequence[Journal], service: str) -> frozenset[str]:
    """Ids of containers that the last update of a service put back and that passed their tests.

    They differ from the files, so no run of the tests credits them.
    """
    _, journal = last_tried(earlier).get(service, (None, None))
    if journal is None or journal.step != "put_back" or not journal.works:
        return frozenset()
    return frozenset(journal.restored)


def last_tried(ended: Sequence[Journal]) -> Mapping[str, tuple[Candidate, Journal]]:
    """Service → the candidate that last replaced it, and the update that did."""
    last: dict[str, tuple[Candidate, Journal]] = {}
    for journal in sorted(ended, key=lambda journal: journal.started):
        if journal.step in {"kept", "put_back"}:
            last |= {candidate.service: (candidate, journal) for candidate in journal.candidates}
    return last
