"""Temporary folders lie in a usable place, and go with their process, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacktest.adapters import temporary
from stacktest.errors import UsageError
from tests.support.known import known

PROGRAM = """
import sys, time
from stacktest.adapters.temporary import make_folder
folder = make_folder("run")
(folder / "inside").write_text("x")
print(folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A short folder that `TMPDIR` names."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="sk"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def started() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    return process, Path(known(process.stdout).readline().strip())


def test_a_folder_is_private_and_goes_with_the_block(place: Path) -> None:
    with temporary.temporary_folder("plan") as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "plan.json").write_text("{}")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_ends_the_process_leaves_no_folder(
    place: Path, number: signal.Signals
) -> None:
    process, folder = started()
    assert folder.is_dir()
    process.send_signal(number)
    process.communicate()
    # The process ends as it would have ended without us.
    assert process.returncode == -number
    assert list(place.iterdir()) == []


def test_the_next_run_removes_the_folder_of_a_killed_one_and_no_other(place: Path) -> None:
    killed, folder = started()
    alive, used = started()
    own = place / "stacktest-run-of-a-person"
    own.mkdir(mode=0o700)
    killed.kill()
    killed.communicate()
    assert folder.is_dir()
    with temporary.temporary_folder("run"):
        assert not folder.exists()
        assert used.is_dir()
        assert own.is_dir()
    alive.terminate()
    alive.communicate()


def test_a_link_in_the_place_of_a_folder_is_not_followed(place: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir(mode=0o700)
    (place / "stacktest-run-0123456789ab").symlink_to(tmp_path / "precious")
    temporary.remove_abandoned(place)
    assert (tmp_path / "precious").is_dir()


def test_a_fork_does_not_remove_the_folders_of_its_parent(place: Path) -> None:
    folder = temporary.make_folder("run")
    child = os.fork()
    if child == 0:
        temporary._remove_own()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.is_dir()
    temporary.remove_folder(folder)


def test_a_signal_ends_a_fork_as_ever(place: Path) -> None:
    """A worker of a pool that Python would have to wake first would be waited for for ever."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number in handlers:
        signal.signal(number, signal.SIG_DFL)
    folder = temporary.make_folder("run")
    child = os.fork()
    if child == 0:
        is_plain = all(signal.getsignal(number) is signal.SIG_DFL for number in handlers)
        os._exit(0 if is_plain else 1)
    _, status = os.waitpid(child, 0)
    temporary.remove_folder(folder)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.case("hard/D9-noexec-tmp")
@pytest.mark.parametrize("named", ["missing", "too-long", "a-file"])
def test_another_place_is_taken_where_the_named_one_cannot_serve(
    place: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    path = place / ("x" * 80 if named == "too-long" else named)
    if named == "too-long":
        path.mkdir()
    elif named == "a-file":
        path.write_text("")
    monkeypatch.setenv("TMPDIR", str(path))
    with temporary.temporary_folder("nest") as folder:
        assert not folder.is_relative_to(path)
        assert len(str(folder / "proxy-gw99")) < 107


@pytest.mark.case("hard/D9-noexec-tmp")
def test_a_place_without_programs_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs

    class NoPrograms:
        f_flag, f_bavail, f_frsize = os.ST_NOEXEC, 2**20, 4096

    class Full:
        f_flag, f_bavail, f_frsize = 0, 3, 4096

    for system in (NoPrograms(), Full()):
        answer = {place: system}
        monkeypatch.setattr(os, "statvfs", lambda path, a=answer: a.get(path) or real(path))
        assert temporary.usable_place(programs=True) != place


def test_where_no_place_allows_programs_folders_without_them_are_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container with `read_only` and a `tmpfs`, which the engine mounts with noexec.
    monkeypatch.setattr(temporary, "is_usable", lambda _place: False)
    monkeypatch.setenv("TMPDIR", str(place))
    with temporary.temporary_folder("inventory") as folder:
        assert folder.parent == place
    with pytest.raises(UsageError, match="no temporary folder can be made"):
        temporary.make_folder("nest")


def test_no_place_at_all_is_one_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "is_usable", lambda _place: False)
    monkeypatch.setenv("TMPDIR", "/nowhere")
    with pytest.raises(UsageError, match="no temporary folder can be made in /nowhere") as caught:
        temporary.make_folder("run")
    assert "TMPDIR" in caught.value.hint
