"""`.stacktest/`: what a stack keeps on this machine only, for its owner alone, ignored by git.

    key                   the key that signs what is made from secrets     signing_key
    ledger.lock           one writer of the ledger at a time               ledger
    run.lock              one run of the stack at a time                   run_lock
    last_runs.json        the newest run of each service on this machine    local_runs
    detail/               names behind the parts of a fingerprint          part_names
    told/                 what each notification channel was last sent
    timeline.json         when each service and test of the last run began

Whoever needs the folder first makes it, always in the same way.
"""

import contextlib
import stat
from pathlib import Path

FOLDER = ".stacktest"
PRIVATE = 0o700


def state_dir(root: Path) -> Path:
    """`.stacktest/` of the stack in `root`, made if absent: mode 0700, and it ignores itself."""
    folder = root / FOLDER
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) != PRIVATE:
        # Only the owner may mend it; another user's folder stays as it is, and its files say no.
        with contextlib.suppress(PermissionError):
            folder.chmod(PRIVATE)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
    return folder


def state_path(root: Path, *names: str) -> Path:
    """A path in `.stacktest/` of the stack in `root`, for reading: nothing is made."""
    return root.joinpath(FOLDER, *names)
