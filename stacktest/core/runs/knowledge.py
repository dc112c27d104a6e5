"""Which earlier runs a run knew of: clones number their runs independently.

Every line of a history names the newest runs that were known when it was written. After a merge a
failure may have a lower number than a pass that did not know of it: that pass does not end it.
"""

from collections.abc import Mapping

After = Mapping[str, tuple[str, ...] | None]
"""Run → the newest runs that it knew of; None: an older version wrote its line without them."""


def runs_known_to(run: str, after: After) -> frozenset[str] | None:
    """The run and all runs that it knew of, directly or not; None: only run numbers can be used.

    A run without a line (after a merge that kept one side's history) counts as knowing only the
    lines that do not record the runs they knew of.
    """
    known = {earlier for earlier, before in after.items() if before is None}
    if run in known or len(known) == len(after):
        return None
    waiting = [run]
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            waiting += after.get(name) or ()
    return frozenset(known)


def newest_runs(after: After) -> tuple[str, ...]:
    """The runs that no other one knew of: one, or more after a merge."""
    silent = [run for run, before in after.items() if before is None]
    known = {run for before in after.values() for run in before or ()}
    newest = [run for run, before in after.items() if before is not None and run not in known]
    return tuple(newest or silent[-1:])
