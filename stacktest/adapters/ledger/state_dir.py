"""The folder `.stacktest/`: a stack's files on this machine, private to the user, ignored by git.

    key                   the key that signs digests of secrets            signing_key
    ledger.lock           one writer of the ledger at a time               ledger
    run.lock              one run of the stack at a time                   run_lock
    last_runs.json        the newest run of each service on this machine    local_runs
    look.json             when the status was last confirmed                last_look
    detail/               names behind the parts of a fingerprint          part_names
    told/                 the last message to each notification channel
    update.json, updates/ the open update, and those that have ended      updates
    inventory/            the tests of the last collections                 kept_inventory
    timeline.json         when each service and test of the last run began

The first caller that needs the folder creates it, with mode 0700, and its files with mode 0600.
"""

from pathlib import Path

from stacktest.adapters.private_files import make_private_folder

FOLDER = ".stacktest"


def state_dir(root: Path) -> Path:
    """`.stacktest/` of the stack in `root`, created if absent, with mode 0700 and a `.gitignore`.

    UsageError names the folder if it cannot be created.
    """
    return make_private_folder(root / FOLDER, ignored=True)


def state_path(root: Path, *names: str) -> Path:
    """A path in `.stacktest/` of the stack in `root`, for reading: nothing is made."""
    return root.joinpath(FOLDER, *names)
