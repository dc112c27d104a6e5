"""The gate's decision as lines: open, or each blocker with the command that clears it.

gate closed: 3 blockers
  loki     failing    test:suites/phase2_observability/test_loki.py::test_it_is_ready
  redis    changed    config:redis.conf
           next: pytest --stale
  grafana  doc_stale  doc:behind
           next: stacktest ack grafana
"""

from collections.abc import Iterator

from stacktest.core.freshness.gate import Gate
from stacktest.core.freshness.reasons import listed_rows
from stacktest.core.json_data import Json
from stacktest.reports.wording import count, meaning

MOST = 3
"""The number of reasons shown per blocker; `stacktest why` shows all."""


def gate_lines(gate: Gate) -> Iterator[str]:
    """The decision, then a line per blocker, then warnings, which do not close the gate.

    The command that clears several blockers in a row is printed once, below the last of them.
    """
    scope = "" if gate.scope == "host" else f" (verified: {gate.scope})"
    if gate.open:
        yield f"gate open{scope}"
    else:
        yield f"gate closed{scope}: {count(len(gate.blockers), 'blocker')}"
    causes = listed_rows((blocker.reasons for blocker in gate.blockers), MOST)
    rows = [
        (item.service or "(stack)", item.state.value, why or meaning(item.state), item.command)
        for item, why in zip(gate.blockers, causes, strict=True)
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for number, (service, state, reasons, command) in enumerate(rows, start=1):
        yield f"  {service:<{widths[0]}}  {state:<{widths[1]}}  {reasons}"
        if all(following[3] != command for following in rows[number : number + 1]):
            yield f"  {'':<{widths[0]}}  next: {command}"
    yield from (f"note: {warning}" for warning in gate.warnings)


def gate_document(gate: Gate) -> Json:
    """The decision as a JSON document."""
    return {
        "open": gate.open,
        "exit_code": gate.exit_code,
        "scope": gate.scope,
        "blockers": [
            {
                "service": blocker.service,
                "state": blocker.state.value,
                "reasons": list(blocker.reasons),
                "command": blocker.command,
            }
            for blocker in gate.blockers
        ],
        "warnings": list(gate.warnings),
    }
