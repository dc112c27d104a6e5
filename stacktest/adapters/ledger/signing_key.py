"""The stack's key: what makes digests of secrets safe to publish, read from one of two places.

`STACKTEST_KEY` (a CI secret) wins over `.stacktest/key` (mode 0600, made on first use). Both hold
64 hex digits and nothing else. `.stacktest/` ignores itself, so that git never sees it.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path

from stacktest.core.fingerprint.digest import Key
from stacktest.core.unknown import Unknown

FOLDER = ".stacktest"
VARIABLE = "STACKTEST_KEY"
HINT = "make one with: openssl rand -hex 32"


def read_key(root: Path) -> Key | Unknown:
    """The key of the stack in `root`, made if there is none; unknown with the reason otherwise."""
    value = os.environ.get(VARIABLE)
    if value is not None:
        return _parsed(value, f"the variable {VARIABLE}")
    path = root / FOLDER / "key"
    try:
        if not path.exists():
            _create(path)
        return _parsed(path.read_text(encoding="ascii"), f"{FOLDER}/key")
    except OSError as error:
        return Unknown(f"{FOLDER}/key cannot be used: {error.strerror}")
    except UnicodeDecodeError:
        return _parsed("", f"{FOLDER}/key")


def private_folder(root: Path) -> Path:
    """`.stacktest/` of a stack, made if absent: for its owner alone, and ignored by git."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
    return folder


# Private


def _parsed(text: str, where: str) -> Key | Unknown:
    if not re.fullmatch(r"[0-9a-fA-F]{64}\s*", text):
        # Neither the text nor its length is repeated: it may be a mistyped secret.
        return Unknown(f"{where} is not 64 hex digits; {HINT}")
    return Key(secret=bytes.fromhex(text.strip()))


def _create(path: Path) -> None:
    folder = private_folder(path.parent.parent)
    draft = folder / f"key.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link never replaces: of two programs that start at once, both use the first one's key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
