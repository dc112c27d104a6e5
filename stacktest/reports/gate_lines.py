"""The gate's decision as lines: open, or each blocker with the command that clears it.

gate closed: 2 blockers
redis    changed     config:redis.conf            pytest --stale
grafana  doc_stale   doc:behind                   stacktest ack grafana
"""

from collections.abc import Iterator, Sequence

from stacktest.core.gate import Gate
from stacktest.core.model import Json

MOST = 3
"""Reasons shown per blocker; `stacktest why` has them all."""


def gate_lines(gate: Gate) -> Iterator[str]:
    """The decision, then a line per blocker, then what does not close the gate."""
    scope = "" if gate.scope == "host" else f" (verified: {gate.scope})"
    if gate.open:
        yield f"gate open{scope}"
    else:
        many = "blocker" if len(gate.blockers) == 1 else "blockers"
        yield f"gate closed{scope}: {len(gate.blockers)} {many}"
    rows = [
        (one.service or "(stack)", one.state.value, _reasons(one.reasons), one.command)
        for one in gate.blockers
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for service, state, reasons, command in rows:
        yield f"  {service:<{widths[0]}}  {state:<{widths[1]}}  {reasons or 'no reason given'}"
        yield f"  {'':<{widths[0]}}  next: {command}"
    yield from (f"note: {warning}" for warning in gate.warnings)


def gate_document(gate: Gate) -> Json:
    """The decision for programs."""
    return {
        "open": gate.open,
        "exit_code": gate.exit_code,
        "scope": gate.scope,
        "blockers": [
            {
                "service": one.service,
                "state": one.state.value,
                "reasons": list(one.reasons),
                "command": one.command,
            }
            for one in gate.blockers
        ],
        "warnings": list(gate.warnings),
    }


# Private


def _reasons(reasons: Sequence[str]) -> str:
    more = len(reasons) - MOST
    return "; ".join([*reasons[:MOST], *([f"and {more} more"] if more > 0 else [])])
