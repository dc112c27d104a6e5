"""Remembers what `init` wrote, so that it may write again what no person has edited since.

    .stacktest/init.json   file, relative to the stack's folder → digest of the content it was given

The file is not committed: in another clone `init` leaves every file as it is.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from stacktest.adapters.atomic_write import create_file, write_file
from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.plain_files import read_plain
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.fingerprint.digest import content_digest
from stacktest.errors import StacktestError

FILE = "init.json"


class InitFiles:
    """The files of one stack that `init` writes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, path: Path, text: str) -> None:
        """Write a file that does not exist yet; FileExistsError if it does."""
        create_file(path, text)
        self._remember(path, text)

    def renew(self, path: Path, text: str) -> bool:
        """Write `text` to a file that still has what `init` wrote; False: it stays as it is."""
        try:
            content = read_plain(path)
        except OSError:
            return False
        is_own = self._digests().get(self._name(path)) == content_digest(content)
        if not is_own or content == text.encode():
            return False
        write_file(path, text)
        self._remember(path, text)
        return True

    # Private

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _digests(self) -> Mapping[str, object]:
        document = read_json(state_path(self._root, FILE))
        return document if isinstance(document, Mapping) else {}

    def _remember(self, path: Path, text: str) -> None:
        document = {**self._digests(), self._name(path): content_digest(text.encode())}
        # Without it `init` keeps the file, which is what it does in another clone, too.
        with suppress(OSError, StacktestError):
            write_json(state_dir(self._root) / FILE, document, mode=PRIVATE_FILE)
