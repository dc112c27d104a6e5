"""How long each test takes, beside the records of the services: `<ledger>/durations.json`.

It is no evidence: one that cannot be read is written anew, unless a newer stacktest wrote it.
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
    """How long tests take; Unknown where the file cannot be read."""
    document = read_json(ledger.records / FILE)
    return read_record(document, KnownDurations.from_dict) or KnownDurations()


def keep_durations(ledger: Ledger, seconds: Mapping[str, float], known: Collection[str]) -> None:
    """Remember how long tests took; those that are not among the `known` ones are forgotten."""
    with ledger.locked():
        before = read_durations(ledger)
        if isinstance(before, Unknown):
            if before.why.startswith(NEWER):
                return
            before = KnownDurations()
        after = before.after(seconds, known)
        if after.ms:
            write_json(ledger.records / FILE, after.to_dict())
