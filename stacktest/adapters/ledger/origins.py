"""Keeps what containers and images were made of when they were new: `.stacktest/origins.json`.

Mode 0600, ignored by git, digests only. Losing it costs comfort: times decide then.
"""

from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import FOLDER, state_dir
from stacktest.core.freshness.origins import Origins
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError

NAME = "origins.json"


def load_origins(root: Path) -> Origins:
    """What is remembered; nothing where the file is absent or damaged."""
    document = read_json(root / FOLDER / NAME)
    if document is None or isinstance(document, Unknown):
        return Origins()
    try:
        return Origins.from_dict(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Origins()


def save_origins(root: Path, origins: Origins) -> None:
    """Remember it; a folder that cannot be written costs the memory, not the look."""
    try:
        write_json(state_dir(root) / NAME, origins.to_dict(), mode=0o600)
    except (OSError, UsageError):
        return
