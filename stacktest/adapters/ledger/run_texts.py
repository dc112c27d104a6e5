"""Keeps what failures said, on this machine only: `.stacktest/texts.json`.

Records are committed and hold which test failed, not what it said. That is here, without secrets,
for `stacktest why`, `gate`, `status` and the page that is served. Losing it costs words, never a
verdict.
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
"""How many runs of a service are remembered, the oldest forgotten first."""


def read_texts(root: Path) -> Mapping[str, tuple[RunTexts, ...]]:
    """Service → what its runs said, oldest first; what cannot be read is left out."""
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
    """Remember what this run said of these services, beside the runs before it."""
    known = dict(read_texts(root))
    for service, run in texts.items():
        earlier = tuple(other for other in known.get(service, ()) if other.run != run.run)
        known[service] = (*earlier, run)[-KEPT:]
    document = {service: [run.to_dict() for run in runs] for service, runs in sorted(known.items())}
    write_json(state_dir(root) / FILE, document, mode=PRIVATE_FILE)
