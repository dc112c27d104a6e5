"""The drift that updates explain: one of the service is still open, or was put back."""

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
    """Service → the reason for its drift that an update is.

    `journal` is the update that is open, `is_own` whether this process works for it: then only what
    it puts back has a reason. `drift` is how each service differs from the files: where it does
    not, nothing of what was put back is left to tell.
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
