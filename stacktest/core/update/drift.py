"""Reasons for drift that updates cause: an update of the service is open, or was put back."""

from collections.abc import Mapping, Sequence

from stacktest.core.freshness.reasons import Reason
from stacktest.core.update.choice import differences
from stacktest.core.update.journal import Journal, last_tried
from stacktest.core.update.steps import Step


def update_drift(
    journal: Journal | None,
    ended: Sequence[Journal],
    drift: Mapping[str, tuple[str, ...]],
    *,
    is_own: bool = False,
) -> Mapping[str, tuple[str, ...]]:
    """Service → the reason for its drift, if that is an update.

    `journal` is the open update, `is_own` whether this process belongs to it: then only services
    that it puts back have a reason. `drift` has the differences from the files by service: a
    service without differences has no reason, although its update was put back.
    """
    causes = {
        name: update.cause
        for name, (_, update) in last_tried(ended).items()
        if update.step == "put_back"
    }
    if journal is not None:
        cause = journal.cause if journal.step in _PUTS_BACK else ""
        causes |= dict.fromkeys(journal.services, cause)
    reasons = {
        name: (Reason.of("update", cause),)
        for name, cause in causes.items()
        if cause and differences(drift.get(name, ()))
    }
    if journal is not None and not is_own:
        reasons |= dict.fromkeys(journal.services, (Reason.of("update"),))
    return {name: reason for name, reason in reasons.items() if name in drift}


# Private

_PUTS_BACK: frozenset[Step] = frozenset({"putting_back", "proving"})
