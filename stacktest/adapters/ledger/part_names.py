"""Stores the names of files and variables behind a fingerprint, outside of the ledger.

They are for `stacktest why` on this machine only: `.stacktest/detail/<service>/<fingerprint>.json`,
mode 0600, ignored by git. Without them, messages lack names; no verdict changes.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.atomic_write import write_atomically
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.plain_files import read_plain_text
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.errors import UsageError

KEPT = 8
"""Number of fingerprints that are kept of a service; the oldest are removed first."""


def save_detail(root: Path, service: str, fingerprint: Fingerprint) -> None:
    """Store the names behind a fingerprint, if its digest is known."""
    if not isinstance(fingerprint.digest, str):
        return
    detail = {part: dict(digests) for part, digests in fingerprint.detail.items()}
    text = json.dumps({"detail": detail}, sort_keys=True, indent=1) + "\n"
    try:
        folder = _folder(state_dir(root), service)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{fingerprint.digest}.json"
        content = text.encode("utf-8", "surrogateescape")
        if path.is_file() and path.read_bytes() == content:
            # Only make it the newest: writing it again would wait for the disk.
            path.touch()
        else:
            write_atomically(path, content, mode=0o600)
    except (OSError, UsageError):
        # Only names are lost; other files report an unwritable folder themselves.
        return
    _forget(folder)


def load_detail(root: Path, service: str, digest: str) -> Mapping[str, Mapping[str, str]] | None:
    """The names behind a fingerprint, or None when they are not (or no longer) known here."""
    if not re.fullmatch(r"[0-9a-f]{16}", digest):
        return None
    try:
        text = read_plain_text(_folder(state_path(root), service) / f"{digest}.json")
        detail = json.loads(text)["detail"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        # Only names are lost: changes are still reported part by part.
        return None
    return detail if isinstance(detail, dict) else None


# Private


def _folder(private: Path, service: str) -> Path:
    return private / "detail" / re.sub(r"[^A-Za-z0-9._-]", "_", service).lstrip(".")


def _forget(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in files[KEPT:]:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
