"""Keeps the names behind a fingerprint, file by file and variable by variable, out of the ledger.

They are for `stacktest why` on this machine only: `.stacktest/detail/<service>/<fingerprint>.json`,
mode 0600, ignored by git. Losing them costs names, never a verdict.
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
"""How many fingerprints of a service are remembered, the oldest forgotten first."""


def save_detail(root: Path, service: str, fingerprint: Fingerprint) -> None:
    """Remember the names behind a fingerprint that could be told."""
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
            # The newest again; to write it anew would wait for the disk.
            path.touch()
        else:
            write_atomically(path, content, mode=0o600)
    except (OSError, UsageError):
        # Only names are lost; what else cannot be written says so itself.
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
        # Only names are lost: what changed is still told part by part.
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
