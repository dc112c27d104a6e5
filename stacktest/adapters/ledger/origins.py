"""Stores from which inputs containers and images were made, in `.stacktest/origins.json`.

Mode 0600, ignored by git, digests only. Without it, times are compared instead of digests.
"""

from pathlib import Path

from msgspec import ValidationError, convert, to_builtins

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import FOLDER, state_dir
from stacktest.core.freshness.origins import Origins
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError

NAME = "origins.json"


def load_origins(root: Path) -> Origins:
    """The stored origins; empty if the file is absent or damaged."""
    document = read_json(root / FOLDER / NAME)
    if document is None or isinstance(document, Unknown):
        return Origins()
    try:
        return convert(document, Origins)
    except ValidationError:
        return Origins()


def save_origins(root: Path, origins: Origins) -> None:
    """Store the origins; if the folder cannot be written, they are lost without an error."""
    try:
        write_json(state_dir(root) / NAME, to_builtins(origins), mode=0o600)
    except (OSError, UsageError):
        return
