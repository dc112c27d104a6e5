"""Temporary folders: private, in a usable place, and removed after every end of their process.

    stacktest-run-XXXXXXXXXXXX         programs and sockets that a run and its workers share
    stacktest-inventory-XXXXXXXXXXXX   the tests that a second pytest collected
    stacktest-plan-XXXXXXXXXXXX        a plan that is passed to `stacktest plan`
    stacktest-engine-XXXXXXXXXXXX      the socket file that is forwarded to an engine

A place is usable if this user can write to it; for folders that hold programs and sockets, programs
in it must be executable and its path short enough for socket files. Each folder is locked as long
as its process runs, and the kernel releases the lock when the process ends: after `kill -9` the
reaper or the next run removes the unlocked folder.
"""

import atexit
import os
import re
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import FrameType

from stacktest.adapters.file_lock import try_lock
from stacktest.errors import UsageError

PREFIX = "stacktest-"
PRIVATE = 0o700
ROOM = 16 * 2**20
"""Bytes that have to be free in a place: for a browser's certificates and a run's files."""
SHORT_ENOUGH = 66
"""Largest length of a place: a socket's path, with folder and name, has at most 107 bytes."""
NAME = re.compile(r"stacktest-[a-z]+-[0-9a-f]{12}")
"""Names of folders that are removed when unused; a person's own folder does not match."""
WITH_PROGRAMS = frozenset({"run", "nest", "engine"})
"""Kinds of folders that hold programs or sockets."""
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that by default end a process without running its exit handlers."""
_OWN: dict[Path, tuple[int, int]] = {}
"""Folder of this process → the process id, and the descriptor that holds the lock."""


def make_folder(kind: str, *, place: Path | None = None) -> Path:
    """A new private folder, in a usable place unless one is given."""
    where = usable_place(programs=kind in WITH_PROGRAMS) if place is None else place
    _register_removal()
    try:
        remove_abandoned(where)
        return _locked_folder(where, kind)
    except OSError as error:
        raise _unusable(where, error.strerror or "refused") from error


def remove_folder(folder: Path) -> None:
    """Remove a folder of this process; safe to call twice."""
    shutil.rmtree(folder, ignore_errors=True)
    _, handle = _OWN.pop(folder, (0, -1))
    if handle >= 0:
        os.close(handle)


@contextmanager
def temporary_folder(kind: str) -> Iterator[Path]:
    """A folder for the time of a `with` block."""
    folder = make_folder(kind)
    try:
        yield folder
    finally:
        remove_folder(folder)


def remove_abandoned(place: Path | None = None) -> None:
    """Remove folders of this user whose process has ended without removing them."""
    for path in sorted((place or usable_place(programs=False)).glob(f"{PREFIX}*-*")):
        if not NAME.fullmatch(path.name):
            continue
        # Another process may remove it first; a folder that cannot be removed stays.
        with suppress(OSError):
            _remove_if_abandoned(path)


def usable_place(*, programs: bool) -> Path:
    """The folder of `TMPDIR`, or the first other one that is usable.

    Without `programs`, one that is only writable is accepted, as `/tmp` of a read-only container.
    """
    candidates = list(dict.fromkeys(Path(name) for name in _candidates()))
    usable = [path for path in candidates if is_usable(path)]
    if not usable and not programs:
        usable = [
            path for path in candidates if path.is_dir() and os.access(path, os.W_OK | os.X_OK)
        ]
    if not usable:
        named = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - where everybody looks
        raise _unusable(Path(named), "no folder for temporary files can be used")
    return usable[0]


def is_usable(place: Path) -> bool:
    """Whether folders with programs and sockets can be used there, with enough free space."""
    try:
        status = os.statvfs(place)
    except OSError:
        return False
    forbids_programs = status.f_flag & getattr(os, "ST_NOEXEC", 0)
    if status.f_bavail * status.f_frsize < ROOM:
        return False
    is_writable = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return is_writable and not forbids_programs and len(os.fsencode(place)) <= SHORT_ENOUGH


# Private


def _candidates() -> Iterator[str]:
    yield os.path.abspath(os.environ.get("TMPDIR") or tempfile.gettempdir())  # noqa: PTH100
    yield from ("/tmp", "/var/tmp")  # noqa: S108 - folders in them are private
    yield from filter(None, (os.environ.get("XDG_RUNTIME_DIR"), str(Path.home())))


def _unusable(place: Path, why: str) -> UsageError:
    return UsageError(
        f"no temporary folder can be made in {place}: {why.lower()}",
        where=str(place),
        hint="set TMPDIR to a short path that you may write to, on a disk with room and without "
        "the mount option noexec",
    )


def _locked_folder(place: Path, kind: str) -> Path:
    """Create a folder by a name that is never removed, lock it, then give it its real name."""
    draft = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=place))
    handle = os.open(draft, os.O_RDONLY | os.O_DIRECTORY)
    # If locks do not work, as on some network disks, only the removal after a kill fails.
    with suppress(OSError):
        try_lock(handle)
    folder = draft.rename(place / f"{PREFIX}{kind}-{os.urandom(6).hex()}")
    _OWN[folder] = (os.getpid(), handle)
    return folder


def _remove_if_abandoned(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != PRIVATE:
            return
        if try_lock(handle):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)


def _remove_own() -> None:
    """Remove the folders of this process; a fork has the same memory, but owns no folders."""
    for folder, (owner, _) in list(_OWN.items()):
        if owner == os.getpid():
            remove_folder(folder)


def _register_removal() -> None:
    """Remove folders at the end of the process, and where a signal would end it at once."""
    atexit.unregister(_remove_own)
    atexit.register(_remove_own)
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ENDING:
        # A program with its own handler of the signal keeps it.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _remove_and_end)
    _spare_forks()


@cache
def _spare_forks() -> None:
    """Restore the default signal handlers in forks of this process, which own no folders.

    Signals are blocked during a fork: one that arrived before the handlers are restored would be
    lost, and a parent that ended a child of `multiprocessing` would wait for it forever.
    """
    masks = threading.local()

    def hold() -> None:
        masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.before)

    def spare() -> None:
        for number in ENDING:
            if signal.getsignal(number) is _remove_and_end:
                signal.signal(number, signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=spare)


def _remove_and_end(number: int, _frame: FrameType | None) -> None:
    _remove_own()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
