"""The mark that distinguishes this checkout of a stack from all others on the same engine.

The mark is a digest of the folder's path, of a random id in `.stacktest/id`, and of the inode of
that file: so a copy of the folder, on this host or on another, is another stack, and so is a new
project in an old one's folder. Only containers that carry the mark are taken down.
"""

import contextlib
import os
from pathlib import Path

from stacktest.adapters.atomic_write import create_file, writing
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.plain_files import read_plain_text
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.fingerprint.digest import DIGEST_LENGTH, content_digest

FILE = "id"


def stack_mark(root: Path) -> str:
    """The mark of the stack in this folder; its id is made if absent."""
    path = state_dir(root) / FILE
    with writing(path):
        if not path.exists():
            # Of two programs that start at once, the second uses the id of the first.
            with contextlib.suppress(FileExistsError):
                create_file(path, os.urandom(16).hex() + "\n", mode=PRIVATE_FILE)
        parts = (str(root.resolve()), read_plain_text(path), str(path.stat().st_ino))
    return content_digest("\0".join(parts))[:DIGEST_LENGTH]
