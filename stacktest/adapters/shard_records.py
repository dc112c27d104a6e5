"""Reads the records of shards from the folders in which CI jobs have stored them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json
from stacktest.adapters.ledger.service_records import read_record
from stacktest.core.shards.faults import Fault
from stacktest.core.shards.record import ShardRecord
from stacktest.core.unknown import Unknown

NAMES = "*-of-*.json"


def read_shards(places: Iterable[Path]) -> Iterator[ShardRecord | Fault]:
    """All records in and below the folders, ordered by path; a Fault for each unreadable one."""
    files = {file.resolve(): file for place in places for file in _files(place)}
    for file in files.values():
        record = read_record(read_json(file), ShardRecord.from_dict)
        if isinstance(record, ShardRecord):
            yield record
        else:
            why = record.why if isinstance(record, Unknown) else "it is gone"
            yield Fault(kind="torn", subject=str(file), why=why)


# Private


def _files(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else sorted(place.rglob(NAMES))
