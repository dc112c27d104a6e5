"""Caches the inventory of a test collection in `.stacktest/inventory/` until an input changes.

An inventory is stored with the paths of all files and folders that its collection depended on, and
one digest over their state: installed files by size, times and inode, files of the project also by
content, folders by the names in them. It is used only if the digest is still the same, for the same
command, interpreter and environment.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, convert, to_builtins

from stacktest.adapters.ledger.signing_key import read_key
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.plain_files import read_plain, read_plain_text
from stacktest.adapters.private_files import make_private_folder, write_private
from stacktest.core.collected_test import Collection
from stacktest.core.fingerprint.digest import Key, content_digest, content_stream
from stacktest.errors import UsageError

FOLDER = "inventory"
FORMAT = "stacktest.inventory/1"
KEPT = 4
"""Inventories that are kept: a terminal and a nightly job have different environments."""
OF_THE_TERMINAL = frozenset(
    {
        *("_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "TERM", "COLORTERM", "WINDOWID"),
        *("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "GPG_TTY", "XDG_SESSION_ID", "TMUX_PANE"),
    }
)
"""Variables that differ between terminals, and do not affect the collection."""
SETTLED = 1_000_000_000
"""Least nanoseconds from a file's last change to the collection: clocks may be this coarse."""
_CONFIGURATIONS = (".pytest.ini", ".pytest.toml")


class Inputs(Struct, frozen=True, kw_only=True):
    """The paths that a collection depended on."""

    installed: tuple[str, ...]
    """Files of Python, of packages, and of stacktest."""
    own: tuple[str, ...]
    """Files of the project."""
    folders: tuple[str, ...]
    """Folders in which a new file would be imported or collected; some do not exist."""


class KeptInventories:
    """The cached inventory of one stack for one command and one environment."""

    def __init__(self, root: Path, command: Iterable[str], environment: Mapping[str, str]) -> None:
        self._root = root
        key = read_key(root)
        name = _name(key, command, environment) if isinstance(key, Key) else ""
        self._file = state_path(root, FOLDER, f"{name}.json") if name else None

    def read(self) -> Collection | None:
        """The inventory, if all inputs are as they were at the collection; else None."""
        if self._file is None:
            return None
        try:
            data = json.loads(read_plain_text(self._file))
            if data["format"] != FORMAT or data["state"] != _state(convert(data["inputs"], Inputs)):
                return None
            return convert(data["collection"], Collection)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, collection: Collection, inputs: Inputs, began: int) -> None:
        """Store the inventory, unless a file was changed since the collection began.

        `began` is in nanoseconds of the file system's clock.
        """
        if self._file is None or _newest(inputs) > began - SETTLED:
            return
        document = {
            "format": FORMAT,
            "state": _state(inputs),
            "inputs": to_builtins(inputs),
            "collection": to_builtins(collection),
        }
        # If the folder cannot be written, the suites are collected in every run.
        with contextlib.suppress(UsageError, OSError):
            make_private_folder(state_dir(self._root) / FOLDER)
            write_private(self._file, json.dumps(document))
            self._forget()

    # Private

    def _forget(self) -> None:
        """Remove all inventories but the newest `KEPT`."""
        files = state_path(self._root, FOLDER).glob("*.json")
        newest = sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in newest[KEPT:]:
            file.unlink(missing_ok=True)


def names_in(folder: Path | str) -> tuple[str, ...] | None:
    """The names in a folder that affect imports and collection; None: it does not exist."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a hundred folders, and nothing but names
    except OSError:
        return None
    return tuple(sorted(name for name in names if _counts(name)))


# Private


def _counts(name: str) -> bool:
    if name.startswith("."):
        return name in _CONFIGURATIONS
    return name != "__pycache__" and not name.endswith(".pyc")


def _name(key: Key, command: Iterable[str], environment: Mapping[str, str]) -> str:
    """A keyed digest of command and environment for the file's name, which reveals no value."""
    variables = {k: v for k, v in environment.items() if k not in OF_THE_TERMINAL}
    return key.sign("inventory", [list(command), variables, sys.version, sys.executable])


def _state(inputs: Inputs) -> str:
    """One digest over the present state of all inputs."""
    digest = content_stream()
    for line in _lines(inputs):
        digest.update(f"{line}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _lines(inputs: Inputs) -> Iterator[str]:
    for path in inputs.installed:
        yield f"{path}\0{_stat(path)}"
    for path in inputs.own:
        yield f"{path}\0{_stat(path)}\0{_content(path)}"
    for path in inputs.folders:
        yield f"{path}\0{names_in(path)}"


def _stat(path: str) -> tuple[int, ...]:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a thousand files: a Path for each takes longer
    except OSError:
        return ()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_mode


def _content(path: str) -> str:
    try:
        return content_digest(read_plain(Path(path)))
    except OSError:
        return ""


def _newest(inputs: Inputs) -> float:
    """Nanoseconds of the last change of any file; infinite if a file no longer exists."""
    times = [_stat(path) for path in (*inputs.installed, *inputs.own)]
    return max((max(time[1:3]) if time else float("inf") for time in times), default=0)
