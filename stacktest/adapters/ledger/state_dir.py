"""`.stacktest/`: what a stack keeps on this machine only, for its owner alone, ignored by git.

    key                   the key that signs what is made from secrets     signing_key
    ledger.lock           one writer of the ledger at a time               ledger
    run.lock              one run of the stack at a time                   run_lock
    last_runs.json        the newest run of each service on this machine    local_runs
    look.json             when the status was last found to be true         last_look
    detail/               names behind the parts of a fingerprint          part_names
    told/                 what each notification channel was last sent
    update.json, updates/ what is being replaced, and what was           updates
    inventory/            the tests that the last collections found          kept_inventory
    timeline.json         when each service and test of the last run began

Whoever needs the folder first makes it, always in the same way: 0700, and its files 0600.
"""

from pathlib import Path

from stacktest.adapters.private_files import make_private_folder

FOLDER = ".stacktest"


def state_dir(root: Path) -> Path:
    """`.stacktest/` of the stack in `root`, made if absent: mode 0700, and it ignores itself.

    A UsageError names the folder where it cannot be made.
    """
    return make_private_folder(root / FOLDER, ignored=True)


def state_path(root: Path, *names: str) -> Path:
    """A path in `.stacktest/` of the stack in `root`, for reading: nothing is made."""
    return root.joinpath(FOLDER, *names)
