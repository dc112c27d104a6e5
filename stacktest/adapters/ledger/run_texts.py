"""Stores the messages of failures, on this machine only, in `.stacktest/texts.json`.

Records are committed and hold which test failed, but not its message. The messages are here, with
secrets masked, for `stacktest why`, `gate`, `status` and the served page. Without the file, they
are missing there; no verdict changes.
"""

from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.records.strict_json import RecordError

FILE = "texts.json"
KEPT = 8
"""Number of runs that are kept of a service; the oldest are removed first."""


def read_texts(root: Path) -> Mapping[str, tuple[RunTexts, ...]]:
    """Service → the messages of its runs, oldest first; empty if the file is unreadable."""
    document = read_json(state_path(root, FILE))
    if not isinstance(document, Mapping):
        return {}
    try:
        return {
            str(service): tuple(RunTexts.from_dict(run, service) for run in runs)
            for service, runs in document.items()
        }
    except (RecordError, TypeError):
        return {}


def save_texts(root: Path, texts: Mapping[str, RunTexts]) -> None:
    """Store the messages of this run for these services, after those of earlier runs."""
    known = dict(read_texts(root))
    for service, run in texts.items():
        earlier = tuple(other for other in known.get(service, ()) if other.run != run.run)
        known[service] = (*earlier, run)[-KEPT:]
    document = {service: [run.to_dict() for run in runs] for service, runs in sorted(known.items())}
    write_json(state_dir(root) / FILE, document, mode=PRIVATE_FILE)
