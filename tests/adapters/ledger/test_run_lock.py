"""One run per stack, and the one that holds it is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacktest.adapters.ledger.run_lock import RunLock, read_holder
from stacktest.errors import LockHeldError
from tests.support.known import known

SINCE = "2026-11-20T10:00:00+00:00"


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = RunLock(tmp_path, command="pytest -m phase5", since=SINCE)
    with first, pytest.raises(LockHeldError) as caught:
        RunLock(tmp_path, command="pytest", since="later").acquire()
    assert caught.value.exit_code == 13
    assert caught.value.lines() == [
        f"error: another run uses this stack: pid {os.getpid()} (pytest -m phase5), since {SINCE}",
        f"  at: {tmp_path}/.stacktest/run.lock",
        f"  hint: wait until it ends, or stop it: kill {os.getpid()}",
    ]


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    with RunLock(tmp_path, command="a", since=SINCE):
        pass
    assert read_holder(tmp_path) is None
    lock = RunLock(tmp_path, command="b", since=SINCE)
    lock.acquire()
    lock.release()
    lock.release()


def test_a_holder_that_died_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from stacktest.adapters.ledger.run_lock import RunLock;"
        "RunLock(Path(sys.argv[1]), command='x', since='y').acquire(); os._exit(9)"
    )
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert died.returncode == 9
    assert read_holder(tmp_path) is not None
    with RunLock(tmp_path, command="next", since=SINCE):
        assert known(read_holder(tmp_path)).command == "next"


def test_a_note_that_cannot_be_read_costs_only_the_name(tmp_path: Path) -> None:
    with RunLock(tmp_path, command="a", since=SINCE):
        (tmp_path / ".stacktest" / "run.holder.json").write_text("{")
        with pytest.raises(LockHeldError, match="has not said who it is"):
            RunLock(tmp_path, command="b", since=SINCE).acquire()
