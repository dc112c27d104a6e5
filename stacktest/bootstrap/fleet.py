"""Reads the ledgers of several stacks, without Compose and without their engines."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from stacktest import config as configuration
from stacktest.adapters.ledger.ledger import LastRecords, Ledger
from stacktest.core.records.common import Run
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.status import StatusEntry, StatusMeta
from stacktest.core.records.strict_json import NEWER
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError
from stacktest.reports.fleet_data import Fleet, LedgerCopy, Trouble, assemble


def read_fleet(places: Iterable[str], now: datetime) -> Fleet:
    """The ledgers of the stacks in these folders; a folder that is named twice appears twice."""
    return assemble(map(read_ledger, places), now)


def read_ledger(place: str) -> LedgerCopy:
    """The ledger of one stack; if it cannot be read, a `Trouble` with the reason, no error."""
    root = Path(os.path.abspath(place))  # noqa: PTH100 - keeps symbolic links
    if not root.is_dir():
        return _troubled(place, Trouble.MISSING, "the folder is missing")
    try:
        section = configuration.load(root).stack
        ledger = Ledger(root, records=section.ledger, status=section.status)
        return _read(place, ledger)
    except StacktestError as error:
        return _troubled(place, Trouble.TORN, f"{error.what} ({error.where})")
    except OSError as error:
        return _troubled(place, Trouble.TORN, f"{error.filename}: {error.strerror}")


# Private


def _read(place: str, ledger: Ledger) -> LedgerCopy:
    status, meta = ledger.read_status(), ledger.read_meta()
    if status is None:
        return _troubled(place, Trouble.MISSING, f"{ledger.status_path.name} is missing")
    for path, document in ((ledger.status_path, status), (ledger.meta_path, meta)):
        if isinstance(document, Unknown):
            return _unreadable(place, f"{path.name}: {document.why}")
    if not isinstance(status, Mapping) or not isinstance(meta, StatusMeta):
        return _troubled(place, Trouble.TORN, f"{ledger.meta_path.name} is missing")
    records = ledger.last_records(sorted({*status, *ledger.services()}))
    copy = LedgerCopy(
        place=place,
        run=_newest_run(records),
        judged=meta.evaluated_at,
        scope=meta.scope,
        services=status,
    )
    if contradiction := _contradiction(status, records):
        return _unreadable(place, contradiction, copy)
    return copy


def _troubled(place: str, trouble: Trouble, why: str) -> LedgerCopy:
    return LedgerCopy(place=place, trouble=trouble, why=why)


def _unreadable(place: str, why: str, copy: LedgerCopy | None = None) -> LedgerCopy:
    """A copy with the trouble FORMAT if the reason names another format, else TORN."""
    is_foreign = NEWER in why or "schema is" in why
    trouble = Trouble.FORMAT if is_foreign else Trouble.TORN
    return LedgerCopy(
        place=place,
        run=copy.run if copy else None,
        judged=copy.judged if copy else None,
        trouble=trouble,
        why=why,
    )


def _contradiction(status: Mapping[str, StatusEntry], records: Mapping[str, LastRecords]) -> str:
    """How the status and the records contradict each other; empty: they do not."""
    for service, (passed, run) in records.items():
        for name, record in (("last_pass.json", passed), ("last_run.json", run)):
            if isinstance(record, Unknown):
                return f"{service}/{name}: {record.why}"
            if record is not None and record.service != service:
                return f"{service}/{name} is about {record.service}"
    for service, entry in status.items():
        passed = records[service][0]
        if not entry.functional:
            continue
        if not isinstance(passed, LastPass):
            return f"{service} is functional, and its last_pass.json is missing"
        if entry.pass_fingerprint not in (None, passed.fingerprint.digest):
            return f"{service}: the status is about another pass than last_pass.json"
    return ""


def _newest_run(records: Mapping[str, LastRecords]) -> Run | None:
    runs = [
        record.run
        for pair in records.values()
        for record in pair
        if isinstance(record, LastPass | LastRun)
    ]
    return max(runs, key=lambda run: run.seq, default=None)
