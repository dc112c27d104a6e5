"""What updates say of the services that run: one is open, or what the files say was put back."""

from collections.abc import Mapping, Sequence

from stacktest.core.freshness.reasons import Reason
from stacktest.core.update.choice import differences
from stacktest.core.update.journal import Journal, last_tried


def update_drift(
    journal: Journal | None, ended: Sequence[Journal], drift: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """Service → the reason that an update gives for it.

    `drift` is how each service differs from the files: where it does not, nothing of what was put
    back is left to tell.
    """
    reasons = {
        name: (Reason.of("update", update.cause),)
        for name, (_, update) in last_tried(ended).items()
        if update.step == "put_back" and differences(drift.get(name, ()))
    }
    if journal is not None:
        reasons |= dict.fromkeys(journal.services, (Reason.of("update"),))
    return {name: reason for name, reason in reasons.items() if name in drift}
