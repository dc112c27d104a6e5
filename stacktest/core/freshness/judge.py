"""Judges one service from its records and its present state: its state, and every reason for it.

`judge` finds all states that hold and picks the worst (see `states`). Fingerprints are compared,
times are not: a time only makes a pass too old, or a record impossible.

An unknown value is never equal and never changed. If a part cannot be read, the recorded
fingerprint stays valid and the other parts are compared one by one; a service that would otherwise
be functional is then an `error` for `scope="host"`. For `scope="repo"` (a machine with neither
images nor key) only the repository's files are compared, and the verdict says so.

Losing a record never improves a state: a pass without the record of its run is
`evidence_missing`, a failure stays until a newer pass, and going back to a fingerprint that passed
counts only while the same containers as in that pass still run.
"""

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.inputs import Evidence, Policy, Present
from stacktest.core.freshness.judgement import Finding, Judgement
from stacktest.core.freshness.rules import find, foreign_run
from stacktest.core.freshness.states import State
from stacktest.core.freshness.status_entry import make_entry
from stacktest.core.records.documents import LastPass
from stacktest.core.unknown import Unknown


def judge(evidence: Evidence, present: Present, policy: Policy) -> Judgement:
    """The service's state, every other state that holds, and its entry in `status.json`."""
    present = _compared(evidence.last_pass, present)
    findings = find(evidence, present, policy) or (Finding(state=State.FUNCTIONAL),)
    return Judgement(
        service=present.service,
        findings=findings,
        entry=make_entry(evidence, present, policy, findings),
        foreign=foreign_run(evidence, present, policy),
        warnings=_warnings(evidence),
        runs=not isinstance(present.observation.containers, Unknown)
        and bool(present.observation.containers),
    )


# Private


def _compared(last_pass: LastPass | Unknown | None, present: Present) -> Present:
    """The present state; where doubtful parts differ from the last pass, they are unknown."""
    if not isinstance(last_pass, LastPass):
        return present
    seen = present.observation
    needs = {
        name: need
        if need.fingerprint.digest == last_pass.dependencies.get(name)
        else replace(need, fingerprint=need.fingerprint.compared_with({}))
        for name, need in seen.dependencies.items()
    }
    fingerprint = seen.fingerprint.compared_with(last_pass.fingerprint.parts)
    return replace(present, observation=replace(seen, fingerprint=fingerprint, dependencies=needs))


def _warnings(evidence: Evidence) -> tuple[str, ...]:
    run = evidence.last_run
    if run is None or isinstance(run, Unknown) or run.is_finished:
        return ()
    return (f"{evidence.service}: run {run.run.id} never came to its end",)
