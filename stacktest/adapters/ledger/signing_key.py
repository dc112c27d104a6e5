"""The stack's key: what makes digests of secrets safe to publish, read from one of two places.

`STACKTEST_KEY` (a CI secret) wins over `.stacktest/key` (mode 0600, made on first use). Both hold
64 hex digits and nothing else.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path

from stacktest.adapters.ledger.state_dir import FOLDER, state_dir, state_path
from stacktest.core.fingerprint.digest import Key
from stacktest.core.unknown import Unknown

VARIABLE = "STACKTEST_KEY"
HINT = "make one with: openssl rand -hex 32"


def read_key(root: Path) -> Key | Unknown:
    """The key of the stack in `root`, made if there is none; unknown with the reason otherwise."""
    value = os.environ.get(VARIABLE)
    if value is not None:
        return _parsed(value, f"the variable {VARIABLE}")
    path = state_path(root, "key")
    try:
        if not path.exists():
            _create(root)
        return _parsed(path.read_text(encoding="ascii"), f"{FOLDER}/key")
    except OSError as error:
        return Unknown(f"{FOLDER}/key cannot be used: {error.strerror}")
    except UnicodeDecodeError:
        return _parsed("", f"{FOLDER}/key")


# Private


def _parsed(text: str, where: str) -> Key | Unknown:
    if not re.fullmatch(r"[0-9a-fA-F]{64}\s*", text):
        # Neither the text nor its length is repeated: it may be a mistyped secret.
        return Unknown(f"{where} is not 64 hex digits; {HINT}")
    return Key(secret=bytes.fromhex(text.strip()))


def _create(root: Path) -> None:
    folder = state_dir(root)
    draft = folder / f"key.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link never replaces: of two programs that start at once, both use the first one's key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, folder / "key")
    finally:
        draft.unlink()
