"""A locked file is locked against other processes, until its process ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stacktest.adapters.file_lock import lock_file, release
from stacktest.errors import UsageError
from tests.support.known import known

HOLD = """
import sys, time
from pathlib import Path
from stacktest.adapters.file_lock import lock_file
lock = lock_file(Path(sys.argv[1]))
print(lock is not None, flush=True)
time.sleep(60)
"""


def test_a_held_file_is_not_locked_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    file = known(lock_file(path))
    assert lock_file(path) is None
    assert lock_file(path, patience=0.1) is None
    release(file)
    release(known(lock_file(path)))


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert known(holder.stdout).readline() == "True\n"
        assert lock_file(path) is None
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    release(known(lock_file(path)))


def test_a_fork_that_outlives_its_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    file = known(lock_file(path))
    end, started = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(end[1])
        os.write(started[1], b"1")
        os.read(end[0], 1)
        os._exit(0)
    os.read(started[0], 1)
    # As at the end of the process: closed, not released.
    file.close()
    again = lock_file(path)
    os.close(end[1])
    os.waitpid(child, 0)
    release(known(again))


def test_the_file_is_private_and_no_link_is_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "a.lock", tmp_path / "b.lock"
    release(known(lock_file(path)))
    assert path.stat().st_mode & 0o777 == 0o600
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"b\.lock cannot be written"):
        lock_file(link)
    assert not (tmp_path / "elsewhere").exists()
