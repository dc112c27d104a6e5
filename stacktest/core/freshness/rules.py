"""Finds every state that holds for one service; `freshness.judge` lets the worst of them speak.

The functions stand in the order of precedence. What cannot be judged at all ends the search: no
other state can be trusted then.
"""

from collections.abc import Iterator
from datetime import datetime

from stacktest.core import timestamps
from stacktest.core.fingerprint.compare import moved, same_containers, unknown_parts
from stacktest.core.freshness.inputs import Evidence, Finding, Policy, Present
from stacktest.core.freshness.states import State
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import ForeignRun, LastPass, LastRun
from stacktest.core.records.status import StatusEntry
from stacktest.core.unknown import Unknown

WAS_DRIFTED = "live:was drifted, and now: "


def find(evidence: Evidence, present: Present, policy: Policy) -> tuple[Finding, ...]:
    """Every state that holds, worst first; nothing means functional."""
    errors = tuple(_errors(evidence, present, policy))
    if errors:
        return (Finding(state=State.ERROR, reasons=errors),)
    last_pass, last_run = evidence.last_pass, evidence.last_run
    assert not isinstance(last_pass, Unknown)  # noqa: S101 - an error above
    assert not isinstance(last_run, Unknown)  # noqa: S101
    found = list(_run_findings(last_pass, last_run, present, policy))
    found += _pass_findings(evidence, last_pass, last_run, present, policy)
    if found:
        return _in_order(found)
    doubts = tuple(_doubts(last_pass, present, policy))
    if doubts and last_pass is not None:
        return (_as_before(evidence, last_pass) or Finding(state=State.ERROR, reasons=doubts),)
    return tuple(_page_findings(present, policy))


def other_seen(evidence: Evidence, present: Present, policy: Policy) -> ForeignRun | None:
    """What has to be remembered because something else than what passed is running now.

    Only while there is a container: files that are edited and put back while nothing can read them
    leave no trace in a volume.
    """
    last_pass, last_run = evidence.last_pass, evidence.last_run
    if last_pass is None or isinstance(last_pass, Unknown) or policy.scope != "host":
        return None
    if last_run is None or isinstance(last_run, Unknown):
        return None
    if isinstance(present.containers, Unknown) or not present.containers:
        return None
    seq = last_pass.run.seq
    known = last_run.other is not None and last_run.other.pass_seq == seq
    tags = moved(last_pass.fingerprint, present, policy)
    if known or not tags or tags == ("fingerprint_version",):
        return None
    seen = FingerprintRecord.attest(present.fingerprint).digest
    return ForeignRun(pass_seq=seq, fingerprint=seen, at=present.now, why="seen")


# Private


def _in_order(found: list[Finding]) -> tuple[Finding, ...]:
    """By precedence; but what has never passed has nothing to drift from, so that is told first."""
    in_order = sorted(found, key=lambda finding: finding.state.rank)
    if any(finding.state in (State.NEVER_RUN, State.NO_TESTS) for finding in found):
        in_order.sort(key=lambda finding: finding.state is State.DRIFTED)
    return tuple(in_order)


def _errors(evidence: Evidence, present: Present, policy: Policy) -> Iterator[str]:
    yield from present.errors
    yield from _bad_evidence(evidence, present, policy)
    for name, moment in _moments(evidence):
        if timestamps.in_future(moment, present.now):
            yield f"clock:{name} is dated {timestamps.to_text(moment)}, which is in the future"
    if isinstance(present.tests, Unknown):
        yield f"tests:{present.tests.why}"
    if isinstance(present.page, Unknown):
        yield f"doc:{present.page.why}"
    if isinstance(present.containers, Unknown) and _was_drifted(evidence.previous):
        yield f"{WAS_DRIFTED}{present.containers.why}"


def _was_drifted(previous: StatusEntry | Unknown | None) -> bool:
    """Whether the service was drifted when its containers could last be seen."""
    if not isinstance(previous, StatusEntry):
        return False
    since = any(reason.startswith(WAS_DRIFTED) for reason in previous.reasons)
    return previous.state is State.DRIFTED or since


def _bad_evidence(evidence: Evidence, present: Present, policy: Policy) -> Iterator[str]:
    records = {"last_pass": evidence.last_pass, "last_run": evidence.last_run}
    for name, document in {**records, "status": evidence.previous}.items():
        if isinstance(document, Unknown):
            yield f"evidence:{name}: {document.why}"
    for name, record in records.items():
        if isinstance(record, LastPass | LastRun):
            yield from _foreign(name, record, present, policy)
    match evidence.last_pass, evidence.last_run:
        case LastPass(run=passed), LastRun(run=last) if last.seq < passed.seq:
            yield "evidence:last_run is older than last_pass"


def _foreign(
    name: str, record: LastPass | LastRun, present: Present, policy: Policy
) -> Iterator[str]:
    if record.service != present.service:
        yield f"evidence:{name} is about {record.service!r}"
    stack = present.stack
    if policy.scope == "host" and not isinstance(stack, Unknown) and record.run.stack != stack:
        yield f"evidence:{name} comes from another stack, {record.run.stack!r}"


def _moments(evidence: Evidence) -> Iterator[tuple[str, datetime]]:
    if isinstance(evidence.last_pass, LastPass):
        yield "last_pass", evidence.last_pass.timestamp
        yield from _run_moments("last_pass", evidence.last_pass)
    if isinstance(evidence.last_run, LastRun):
        yield from _run_moments("last_run", evidence.last_run)
        if evidence.last_run.failure is not None:
            yield "last_run", evidence.last_run.failure.started


def _run_moments(name: str, record: LastPass | LastRun) -> Iterator[tuple[str, datetime]]:
    yield name, record.run.started
    if record.run.finished is not None:
        yield name, record.run.finished


def _run_findings(
    last_pass: LastPass | None, last_run: LastRun | None, present: Present, policy: Policy
) -> Iterator[Finding]:
    start = _start(last_pass, last_run)
    tests = _failed_tests(last_pass, last_run, present, policy)
    if start or tests is not None:
        yield Finding(state=State.FAILING, reasons=(*start, *(tests or ())))
    absent = ("absent",) if present.must_run and present.containers == () else ()
    if present.drift or absent:
        yield Finding(state=State.DRIFTED, reasons=(*present.drift, *absent))


def _start(last_pass: LastPass | None, last_run: LastRun | None) -> tuple[str, ...]:
    """Why the service was not up in the last run that wanted it, whatever it is by now."""
    start = last_run.start if last_run else None
    stands = start is not None and (last_pass is None or last_pass.run.seq < start.seq)
    return (f"start:{start.cause}",) if start is not None and stands else ()


def _failed_tests(
    last_pass: LastPass | None, last_run: LastRun | None, present: Present, policy: Policy
) -> tuple[str, ...] | None:
    """The tests that failed on what the service is now; None: no failure, or a newer pass."""
    failure = last_run.failure if last_run else None
    if failure is None or (last_pass is not None and last_pass.run.seq > failure.seq):
        return None
    drifted = failure.drifted and bool(present.drift)
    if drifted or moved(failure.fingerprint, present, policy):
        return None
    return tuple(f"test:{nodeid}" for nodeid in failure.tests)


def _pass_findings(
    evidence: Evidence,
    last_pass: LastPass | None,
    last_run: LastRun | None,
    present: Present,
    policy: Policy,
) -> Iterator[Finding]:
    if last_pass is None:
        yield _no_pass(evidence, last_run, present)
        return
    if last_run is None:
        yield Finding(state=State.EVIDENCE_MISSING, reasons=("last_run",))
    tags = moved(last_pass.fingerprint, present, policy, evidence.detail)
    if not tags and last_run and policy.scope == "host":
        tags = _reverted(last_pass, last_run, present, policy)
    if tags:
        yield Finding(state=State.CHANGED, reasons=tags)
    if dependencies := tuple(_dependencies(last_pass, present, policy)):
        yield Finding(state=State.DEP_CHANGED, reasons=dependencies)
    if tests := tuple(_tests(last_pass, present)):
        yield Finding(state=State.TESTS_CHANGED, reasons=tests)
    if present.now - last_pass.timestamp > policy.max_age:
        yield Finding(state=State.EXPIRED, reasons=("age",))


def _no_pass(evidence: Evidence, last_run: LastRun | None, present: Present) -> Finding:
    previous = evidence.previous
    in_status = not (previous is None or isinstance(previous, Unknown)) and bool(
        previous.last_test_pass
    )
    in_run = last_run is not None and (last_run.credited or last_run.other is not None)
    if in_status or in_run or evidence.passed_before:
        return Finding(state=State.EVIDENCE_MISSING, reasons=("last_pass",))
    if not isinstance(present.tests, Unknown) and present.tests.required == 0:
        return Finding(state=State.NO_TESTS)
    reasons: tuple[str, ...] = ()
    if last_run is not None:
        said = (*last_run.reasons, last_run.refusal) if last_run.is_finished else ("unfinished",)
        reasons = tuple(f"run:{text}" for text in said if text)
    return Finding(state=State.NEVER_RUN, reasons=reasons)


def _reverted(
    last_pass: LastPass, last_run: LastRun, present: Present, policy: Policy
) -> tuple[str, ...]:
    """Why going back to what passed is not enough: a volume may have been changed meanwhile."""
    seq = last_pass.run.seq
    failure, other = last_run.failure, last_run.other
    if failure is not None and failure.seq > seq:
        # A failure on this very fingerprint is `failing`; this one was on another.
        return ("reverted",) if moved(failure.fingerprint, present, policy) else ()
    elsewhere = last_run.run.seq > seq and bool(moved(last_run.fingerprint, present, policy))
    if not elsewhere and not (other is not None and other.pass_seq == seq):
        return ()
    if same_containers(last_pass.live, present.containers):
        return ()
    moved_in_run = other is not None and other.pass_seq == seq and other.why == "moved"
    return ("moved during the tests",) if moved_in_run else ("reverted",)


def _dependencies(last_pass: LastPass, present: Present, policy: Policy) -> Iterator[str]:
    if policy.scope != "host":
        return
    for name in sorted(last_pass.dependencies.keys() | present.dependencies.keys()):
        if name not in present.dependencies:
            yield f"dependency:{name}:removed"
        elif name not in last_pass.dependencies:
            yield f"dependency:{name}:added"
        else:
            then, now = last_pass.dependencies[name], present.dependencies[name]
            if last_pass.fingerprint.version != present.fingerprint.version:
                now = present.dependencies_carried.get(name, {}).get(
                    last_pass.fingerprint.version, now
                )
            if then is not None and not isinstance(now, Unknown) and then != now:
                yield f"dependency:{name}"


def _tests(last_pass: LastPass, present: Present) -> Iterator[str]:
    if isinstance(present.tests, Unknown):
        return
    before, now = last_pass.tests.required, present.tests.required
    if now < before:
        yield f"tests:removed {before - now}"
    elif now > before:
        yield f"tests:added {now - before}"
    elif present.tests.digest != last_pass.tests.digest:
        yield "tests:edited"


def _doubts(last_pass: LastPass | None, present: Present, policy: Policy) -> Iterator[str]:
    """What is not known and would have to be, for a service that is functional otherwise."""
    if last_pass is None:
        return
    if policy.scope == "repo":
        if last_pass.fingerprint.repo is None:
            yield "part:repo: not known when the pass was recorded"
        elif isinstance(present.fingerprint.repo, Unknown):
            yield f"part:repo: {present.fingerprint.repo.why}"
        return
    yield from unknown_parts(last_pass.fingerprint, present)
    if isinstance(present.containers, Unknown):
        yield f"live:{present.containers.why}"
    if isinstance(present.stack, Unknown):
        yield f"stack:{present.stack.why}"
    for name, now in sorted(present.dependencies.items()):
        if isinstance(now, Unknown) and last_pass.dependencies.get(name) is not None:
            yield f"dependency:{name}: {now.why}"


def _as_before(evidence: Evidence, last_pass: LastPass) -> Finding | None:
    """What the last look found of this pass, where a part that moved then cannot be read now."""
    previous = evidence.previous
    if not isinstance(previous, StatusEntry):
        return None
    moved_then = previous.state in (State.CHANGED, State.DEP_CHANGED)
    if moved_then and previous.last_test_pass == last_pass.timestamp:
        return Finding(state=previous.state or State.CHANGED, reasons=previous.reasons)
    return None


def _page_findings(present: Present, policy: Policy) -> Iterator[Finding]:
    page = present.page
    if page is None or isinstance(page, Unknown) or page.holds(policy.doc_on):
        return
    missing = page.state in ("missing", "empty", "template")
    reasons = page.reasons
    if page.state == "current":
        reasons = ("doc:does not name the whole fingerprint", *reasons)
    yield Finding(state=State.DOC_MISSING if missing else State.DOC_STALE, reasons=reasons)
