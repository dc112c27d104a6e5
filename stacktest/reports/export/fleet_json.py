"""A fleet as a JSON document: `schemas/fleet.v1.schema.json`."""

from stacktest.core import timestamps
from stacktest.core.json_data import Json
from stacktest.reports.fleet_data import Fleet, LedgerCopy

SCHEMA = "stacktest.fleet/1"


def fleet_document(fleet: Fleet) -> Json:
    """Every ledger and its services, worst first."""
    return {
        "schema": SCHEMA,
        "read_at": timestamps.to_text(fleet.now),
        "functional": bool(fleet.ledgers) and all(item.is_proved for item in fleet.ledgers),
        "ledgers": [_ledger(item, fleet) for item in fleet.ledgers],
    }


# Private


def _ledger(ledger: LedgerCopy, fleet: Fleet) -> Json:
    age = int((fleet.now - ledger.judged).total_seconds()) if ledger.judged else None
    return {
        "ledger": ledger.place,
        "stack": ledger.stack,
        "engine": ledger.engine or None,
        "commit": ledger.run.git_commit if ledger.run else None,
        "dirty": ledger.run.dirty if ledger.run else None,
        "judged": timestamps.to_text(ledger.judged) if ledger.judged else None,
        "age_seconds": age,
        "scope": ledger.scope,
        "trouble": ledger.trouble.value if ledger.trouble else None,
        "why": ledger.why,
        "functional": ledger.is_proved,
        "services": [_service(ledger, name) for name in ledger.states],
    }


def _service(ledger: LedgerCopy, name: str) -> Json:
    entry = ledger.services[name]
    return {
        "service": name,
        "state": ledger.states[name].value,
        "functional": entry.functional and ledger.trouble is None,
        "last_pass": timestamps.to_text(entry.last_test_pass) if entry.last_test_pass else None,
        "fingerprint": entry.fingerprint,
        "reasons": list(entry.reasons),
    }
