"""Stores the duration of each test in `<ledger>/durations.json`.

Durations are not evidence: an unreadable file is replaced, unless a newer stacktest wrote it.
"""

from collections.abc import Collection, Mapping

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.service_records import read_record
from stacktest.core.records.durations import KnownDurations
from stacktest.core.records.strict_json import NEWER
from stacktest.core.unknown import Unknown

FILE = "durations.json"


def read_durations(ledger: Ledger) -> KnownDurations | Unknown:
    """The durations of tests; Unknown if the file cannot be read."""
    document = read_json(ledger.records / FILE)
    return read_record(document, KnownDurations.from_dict) or KnownDurations()


def keep_durations(ledger: Ledger, seconds: Mapping[str, float], known: Collection[str]) -> None:
    """Store the durations of tests; durations of tests that are not in `known` are removed."""
    with ledger.locked():
        before = read_durations(ledger)
        if isinstance(before, Unknown):
            if before.why.startswith(NEWER):
                return
            before = KnownDurations()
        after = before.after(seconds, known)
        if after.ms:
            write_json(ledger.records / FILE, after.to_dict())
