"""Other evidence of a service's runs, in case a record was lost or replaced by an older one.

Git, a merge, a backup or a person can bring back an older `last_run.json` or `last_pass.json`. That
must neither end a failure nor hide that another fingerprint ran. So besides the record itself, the
history and the last `status.json` are read.

| evidence | of a failure                            | of another fingerprint that ran    |
|----------|-----------------------------------------|------------------------------------|
| last_run | its `failure`                           | its `foreign`, or the run itself   |
| history  | the newest failed line since the pass   | a line of another fingerprint      |
| status   | the state `failing`, with the same pass | another fingerprint of a container |
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from stacktest.core.fingerprint.compare import moved_parts, none_recreated, same_containers
from stacktest.core.freshness.inputs import Evidence, Policy, Present
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import EDITED, HistoryLine, LastPass, LastRun
from stacktest.core.records.status import ABSENT, StatusEntry
from stacktest.core.runs.knowledge import runs_known_to

FAILED = "FE"
"""Letters of tests that failed, or had an error outside of their body."""


class KnownFailure(Struct, frozen=True, kw_only=True):
    """A failure without a newer pass."""

    tests: tuple[str, ...]
    fingerprint: FingerprintRecord | None
    """The fingerprint that failed; None: the one of the status that recorded the failure."""
    drifted: bool = False


def last_failure(
    evidence: Evidence, last_pass: LastPass | None, last_run: LastRun | None
) -> KnownFailure | None:
    """The newest failure in any of the evidence that has no newer pass."""
    failure = last_run.failure if last_run else None
    if failure is not None and not _passed_after(failure.seq, failure.run, evidence, last_pass):
        return KnownFailure(
            tests=failure.tests, fingerprint=failure.fingerprint, drifted=failure.drifted
        )
    return _failure_of_history(evidence, last_pass) or _failure_of_status(evidence, last_pass)


def failed_start(evidence: Evidence, last_pass: LastPass | None, last_run: LastRun | None) -> str:
    """Why the service did not come up in the newest known run; empty: it did."""
    start = last_run.start if last_run else None
    if start is not None and not _passed_after(start.seq, start.run, evidence, last_pass):
        return start.cause
    seq = last_run.run.seq if last_run else 0
    newer = [line for line in _lines_since(evidence, last_pass) if line.seq > seq]
    if newer:
        return max(newer, key=lambda line: line.seq).start
    previous = evidence.previous
    if not isinstance(previous, StatusEntry) or previous.state is not State.FAILING:
        return ""
    causes = [reason.subject for reason in map(Reason, previous.reasons) if reason.kind == "start"]
    return causes[0] if causes and (previous.run or 0) > seq else ""


def ran_otherwise(
    evidence: Evidence, last_pass: LastPass, last_run: LastRun, present: Present, policy: Policy
) -> bool:
    """Whether any evidence shows that another fingerprint than that of the pass ran since."""
    seq, foreign = last_pass.run.seq, last_run.foreign
    if foreign is not None and foreign.pass_seq == seq:
        containers = present.observation.containers
        is_unread = foreign.why == EDITED and none_recreated(last_pass.live, containers)
        if not is_unread and not same_containers(foreign.live, containers):
            return True
    if last_run.run.seq > seq and moved_parts(last_run.fingerprint, present, policy):
        return True
    lines = _lines_since(evidence, last_pass)
    if any(moved_parts(line.fingerprint, present, policy) for line in lines):
        return True
    return _status_is_foreign(evidence.previous, last_pass)


# Private


def _passed_after(seq: int, run: str, evidence: Evidence, last_pass: LastPass | None) -> bool:
    """Whether the pass is newer than that run, and knew of it.

    Two clones number their runs independently: two runs may have the same number, and after a
    merge a failure may have a lower number than a pass that did not know of it.
    """
    if last_pass is None:
        return False
    if last_pass.run.id == run:
        return True
    known = evidence.known_to_pass
    return last_pass.run.seq > seq and (known is None or run in known)


def _lines_since(evidence: Evidence, last_pass: LastPass | None) -> Iterator[HistoryLine]:
    for line in evidence.newer_runs:
        if not _passed_after(line.seq, line.run, evidence, last_pass):
            yield line


def _failure_of_history(evidence: Evidence, last_pass: LastPass | None) -> KnownFailure | None:
    lines = sorted(_lines_since(evidence, last_pass), key=lambda line: line.seq)
    failed = [
        line
        for line in lines
        if line.verdict == "failed" and not line.start and not _credited_after(line, lines)
    ]
    if not failed:
        return None
    tests = tuple(name for name, letter in failed[-1].tests.items() if letter in FAILED)
    return KnownFailure(tests=tests, fingerprint=failed[-1].fingerprint)


def _credited_after(failed: HistoryLine, lines: Sequence[HistoryLine]) -> bool:
    """Whether a newer run that knew of the failure passed; a run with unknown history counts."""
    after = {line.run: line.after for line in lines}
    newer = [line.run for line in lines if line.credited and line.seq > failed.seq]
    known = [runs_known_to(run, after) for run in newer]
    return any(runs is None or failed.run in runs for runs in known)


def _failure_of_status(evidence: Evidence, last_pass: LastPass | None) -> KnownFailure | None:
    previous = evidence.previous
    if not isinstance(previous, StatusEntry) or _passed_after_status(last_pass, previous):
        return None
    if previous.state is not State.FAILING:
        return None
    reasons = [Reason(text) for text in previous.reasons]
    tests = tuple(reason.subject for reason in reasons if reason.kind == "test")
    is_of_start_only = not tests and any(reason.kind == "start" for reason in reasons)
    return None if is_of_start_only else KnownFailure(tests=tests, fingerprint=None)


def _passed_after_status(last_pass: LastPass | None, previous: StatusEntry) -> bool:
    """Whether the service passed after that status was written."""
    if last_pass is None:
        return False
    if previous.run is None:
        # An older version wrote the status: it only shows whether it was about this pass.
        return previous.last_test_pass != last_pass.timestamp
    return last_pass.run.seq > previous.run


def _status_is_foreign(previous: object, last_pass: LastPass) -> bool:
    """Whether the status is about this pass, and saw a container of another fingerprint."""
    if not isinstance(previous, StatusEntry) or previous.last_test_pass != last_pass.timestamp:
        return False
    seen_running = ABSENT not in previous.unverified and previous.state is State.CHANGED
    fingerprints = (previous.fingerprint, last_pass.fingerprint.digest)
    return seen_running and None not in fingerprints and fingerprints[0] != fingerprints[1]
