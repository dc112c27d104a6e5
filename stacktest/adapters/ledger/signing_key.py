"""Reads the stack's key, with which digests of secrets are signed so that they can be published.

`STACKTEST_KEY` (a CI secret) overrides `.stacktest/key` (mode 0600, created on first use). Both
hold 64 hex digits and nothing else.
"""

import contextlib
import os
import re
from pathlib import Path

from stacktest.adapters.atomic_write import create_file
from stacktest.adapters.ledger.state_dir import FOLDER, state_dir, state_path
from stacktest.adapters.plain_files import read_plain_text
from stacktest.core.fingerprint.digest import Key
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError

VARIABLE = "STACKTEST_KEY"
HINT = "make one with: openssl rand -hex 32"


def read_key(root: Path) -> Key | Unknown:
    """The key of the stack in `root`, created if there is none; Unknown if it is unusable."""
    value = os.environ.get(VARIABLE)
    if value is not None:
        return _parsed(value, f"the variable {VARIABLE}")
    path = state_path(root, "key")
    try:
        if not path.exists():
            _create(root)
        return _parsed(read_plain_text(path), f"{FOLDER}/key")
    except UsageError as error:
        return Unknown(f"{FOLDER}/key cannot be used: {error.what}")
    except OSError as error:
        return Unknown(f"{FOLDER}/key cannot be used: {error.strerror}")
    except UnicodeDecodeError:
        return _parsed("", f"{FOLDER}/key")


# Private


def _parsed(text: str, where: str) -> Key | Unknown:
    if not re.fullmatch(r"[0-9a-fA-F]{64}\s*", text):
        # The message has neither the text nor its length: it may be a mistyped secret.
        return Unknown(f"{where} is not 64 hex digits; {HINT}")
    return Key(secret=bytes.fromhex(text.strip()))


def _create(root: Path) -> None:
    folder = state_dir(root)
    # Of two programs that start at once, the second uses the key of the first.
    with contextlib.suppress(FileExistsError):
        create_file(folder / "key", os.urandom(32).hex() + "\n", mode=0o600)
