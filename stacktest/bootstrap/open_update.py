"""Reports updates to other verbs: the open update, and services that were put back."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.adapters.ledger import updates
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.errors import EvidenceError, UsageError

if TYPE_CHECKING:
    from stacktest.core.update.journal import Journal


def refuse_open_update(root: Path, environ: Mapping[str, str]) -> None:
    """Raise a UsageError if an update is open, unless this process works for it."""
    journal = _open(root, environ)
    if journal is not None:
        raise UsageError(
            open_line(journal),
            where=f".stacktest/{updates.FILE}",
            hint="finish it: stacktest update --continue, or put everything back: "
            "stacktest update --undo",
        )


def open_lines(root: Path, environ: Mapping[str, str]) -> list[str]:
    """A line about the open update for verbs that judge; none if no update is open."""
    journal = _open(root, environ)
    return [f"note: {open_line(journal)}"] if journal else []


def open_line(journal: "Journal") -> str:
    """The sentence about an open update."""
    return (
        f"an update of {', '.join(journal.services)} is open since "
        f"{journal.started:%Y-%m-%d %H:%M} UTC, at the step {journal.step!r}"
    )


def with_updates(
    observations: Mapping[str, ServiceObservation], root: Path, environ: Mapping[str, str]
) -> Mapping[str, ServiceObservation]:
    """The observations with the reasons that updates add to their drift."""
    ended, journal = _ended(root), updates.read_open(root)
    if journal is None and not ended:
        return observations
    from stacktest.core.update.drift import update_drift

    drift = {name: observation.drift for name, observation in observations.items()}
    reasons = update_drift(journal, ended, drift, is_own=_is_own(journal, environ))
    return {
        name: replace(observation, drift=(*observation.drift, *reasons[name]))
        if name in reasons
        else observation
        for name, observation in observations.items()
    }


# Private


def _open(root: Path, environ: Mapping[str, str]) -> "Journal | None":
    """The update that is open, unless this process works for it."""
    journal = updates.read_open(root)
    return None if _is_own(journal, environ) else journal


def _is_own(journal: "Journal | None", environ: Mapping[str, str]) -> bool:
    """Whether this process works for the update."""
    return journal is not None and environ.get(updates.ENVIRONMENT) == journal.id


def _ended(root: Path) -> "tuple[Journal, ...]":
    """Ended updates, empty if unreadable: they only explain drift; `update` must read them."""
    with suppress(EvidenceError):
        return updates.read_ended(root)
    return ()
