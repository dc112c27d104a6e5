"""`docs/_data/stacktest.json`: the state of the stack for documentation sites.

Everything is below one key, `stacktest`, because only this structure can be read with a plain
`include_yaml` by both MkDocs with the macros plugin and Zensical.
"""

from stacktest.core import timestamps
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.reports.report_data import Board
from stacktest.reports.wording import meaning, tone, verdict, word

SCHEMA = "stacktest.docs/1"


def docs_data(board: Board) -> dict[str, Json]:
    """The document; it changes only if the states or the records change."""
    return {
        "stacktest": {
            "schema": SCHEMA,
            "stack": board.stack.name,
            "verdict": verdict(board.states.values()),
            "evaluated_at": timestamps.to_text(board.meta.evaluated_at),
            "scope": board.meta.scope,
            "gate_open": board.gate.open if board.gate else None,
            "services": {
                name: _service(board, name, board.states[name]) for name in sorted(board.states)
            },
        }
    }


# Private


def _service(board: Board, name: str, state: State) -> dict[str, Json]:
    entry, model = board.status[name], board.stack.services.get(name)
    hosts = board.stack.named_routes_of(name)
    return {
        "state": state.value,
        "word": word(state),
        "tone": tone(state),
        "meaning": meaning(state),
        "functional": entry.functional,
        "documented": entry.documented,
        "reasons": list(entry.reasons),
        "last_pass": timestamps.to_text(entry.last_test_pass) if entry.last_test_pass else None,
        "fingerprint": entry.fingerprint,
        "tests": {"required": entry.required, "passed": entry.passed, "flaky": entry.flaky},
        "url": board.address(hosts[0]) if hosts else None,
        "stand_in": (model.stand_in if model else "") or None,
        "profiles": list(model.profiles) if model else [],
    }
