"""Finds every state that holds for one service; `freshness.judge` picks the worst.

An error ends the search: if a service cannot be judged, no other state is reliable.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.compare import (
    moved_parts,
    none_recreated,
    only_new_containers_read,
    same_containers,
    unknown_parts,
)
from stacktest.core.freshness.evidence_checks import find_errors
from stacktest.core.freshness.inputs import Evidence, Policy, Present
from stacktest.core.freshness.judgement import Finding
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State
from stacktest.core.freshness.witnesses import (
    KnownFailure,
    failed_start,
    last_failure,
    ran_otherwise,
)
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import EDITED, ForeignRun, LastPass, LastRun
from stacktest.core.records.status import StatusEntry
from stacktest.core.runs.bare_text import is_same_test
from stacktest.core.runs.fold import asserts_nothing, is_unasked
from stacktest.core.unknown import Unknown


def find(evidence: Evidence, present: Present, policy: Policy) -> tuple[Finding, ...]:
    """Every state that holds, worst first; empty means functional."""
    errors = tuple(find_errors(evidence, present, policy))
    if errors:
        return (Finding(state=State.ERROR, reasons=errors),)
    last_pass, last_run = evidence.last_pass, evidence.last_run
    assert not isinstance(last_pass, Unknown)  # noqa: S101 - an error above
    assert not isinstance(last_run, Unknown)  # noqa: S101
    failure = last_failure(evidence, last_pass, last_run)
    service = _Service(
        evidence=evidence, last_run=last_run, failure=failure, present=present, policy=policy
    )
    findings = [*_run_findings(service, last_pass)]
    findings += _not_passed(service, last_pass) if last_pass else (_no_pass(service),)
    if findings:
        return tuple(sorted(findings, key=lambda finding: finding.state.rank))
    doubts = tuple(_doubts(last_pass, present, policy))
    if doubts and last_pass is not None:
        return (_as_before(evidence, last_pass) or Finding(state=State.ERROR, reasons=doubts),)
    return tuple(_page_findings(present, policy))


def foreign_run(evidence: Evidence, present: Present, policy: Policy) -> ForeignRun | None:
    """The run to record because another fingerprint than that of the last pass runs now.

    Only while there is a container: files that are edited and put back while no container can read
    them do not affect a volume.
    """
    last_pass, last_run = evidence.last_pass, evidence.last_run
    if not isinstance(last_pass, LastPass) or not isinstance(last_run, LastRun):
        return None
    containers = present.observation.containers
    if isinstance(containers, Unknown) or not containers or policy.scope != "host":
        return None
    seq, foreign = last_pass.run.seq, last_run.foreign
    reasons = moved_parts(last_pass.fingerprint, present, policy)
    if not reasons:
        return _never_run(foreign, last_pass, present) if foreign else None
    if reasons == ("fingerprint_version",):
        return None
    now = ForeignRun(
        pass_seq=seq,
        fingerprint=FingerprintRecord.attest(present.observation.fingerprint).digest,
        at=present.now,
        why=EDITED if _is_unread(evidence, last_pass, present, is_restarted=True) else "seen",
        live=containers if _is_unread(evidence, last_pass, present) else (),
    )
    is_known = foreign is not None and foreign.pass_seq == seq and foreign.weight >= now.weight
    return None if is_known else now


def running_fingerprint(evidence: Evidence, present: Present) -> FingerprintRecord:
    """The fingerprint that the containers run: that of the files, or that of the last pass.

    An edit that they have not read and that waits to be applied does not run.
    """
    last_pass = evidence.last_pass
    is_waiting = bool(present.observation.drift) and isinstance(last_pass, LastPass)
    if is_waiting and isinstance(last_pass, LastPass) and _is_unread(evidence, last_pass, present):
        return last_pass.fingerprint
    return FingerprintRecord.attest(present.observation.fingerprint)


# Private


def _never_run(foreign: ForeignRun, last_pass: LastPass, present: Present) -> ForeignRun | None:
    """The record of an edit that was taken back while the containers had not read it; else None."""
    is_of_pass = foreign.pass_seq == last_pass.run.seq and foreign.weight == 1
    is_back = only_new_containers_read(last_pass.fingerprint, present, {})
    if is_of_pass and is_back and same_containers(foreign.live, present.observation.containers):
        return replace(foreign, why=EDITED, live=())
    return None


def _is_unread(
    evidence: Evidence, last_pass: LastPass, present: Present, *, is_restarted: bool = False
) -> bool:
    """Whether the containers of the pass did not read what differs, nor will if `is_restarted`."""
    observation, passed = present.observation, last_pass.fingerprint
    unread = frozenset[str]() if is_restarted else observation.unread
    return none_recreated(last_pass.live, observation.containers) and only_new_containers_read(
        passed, present, evidence.detail, unread
    )


class _Service(Struct, frozen=True, kw_only=True):
    """All facts about one service whose records are readable."""

    evidence: Evidence
    last_run: LastRun | None
    failure: KnownFailure | None
    present: Present
    policy: Policy

    @property
    def is_failure_of_now(self) -> bool:
        """Whether the failure happened on the fingerprint that the service has now."""
        failure, previous = self.failure, self.evidence.previous
        if failure is None:
            return False
        if failure.fingerprint is not None:
            return not moved_parts(failure.fingerprint, self.present, self.policy)
        digest = self.present.observation.fingerprint.digest
        then = previous.fingerprint if isinstance(previous, StatusEntry) else None
        return isinstance(digest, Unknown) or then is None or then == digest

    @property
    def failing_tests(self) -> tuple[str, ...]:
        """The tests that failed and still exist: a deleted test is not failing."""
        failed, tests = self.failure.tests if self.failure else (), self.present.tests
        if isinstance(tests, Unknown) or tests.required != len(tests.nodeids):
            return failed
        return tuple(nodeid for nodeid in failed if is_same_test(nodeid, tests.nodeids))

    @property
    def deleted_failures(self) -> tuple[str, ...]:
        """The tests that failed, if all of them were deleted since."""
        return self.failure.tests if self.failure and not self.failing_tests else ()


def _run_findings(service: _Service, last_pass: LastPass | None) -> Iterator[Finding]:
    observation = service.present.observation
    start = _failed_start(service, last_pass)
    is_failing = _is_failing(service)
    if start or is_failing:
        tests = service.failing_tests if is_failing else ()
        failed = (Reason.of("test", nodeid) for nodeid in tests)
        yield Finding(state=State.FAILING, reasons=(*start, *failed))
    is_absent = service.present.must_run and observation.containers == ()
    if observation.drift or is_absent:
        reasons = (*observation.drift, *(("absent",) if is_absent else ()))
        yield Finding(state=State.DRIFTED, reasons=reasons)


def _is_failing(service: _Service) -> bool:
    """Whether tests that still exist failed on the present fingerprint."""
    failure, drift = service.failure, service.present.observation.drift
    if failure is None or (failure.drifted and drift):
        return False
    return service.is_failure_of_now and not service.deleted_failures


def _failed_start(service: _Service, last_pass: LastPass | None) -> tuple[str, ...]:
    """Why the service did not come up in the last run that needed it, whatever its state is now."""
    cause = failed_start(service.evidence, last_pass, service.last_run)
    return (Reason.of("start", cause),) if cause else ()


def _not_passed(service: _Service, last_pass: LastPass) -> Iterator[Finding]:
    """Why the last pass is not valid; the first finding has the faults of the tests, too."""
    faults = tuple(_test_faults(service, last_pass))
    for finding in _pass_findings(service, last_pass):
        yield replace(finding, reasons=(*finding.reasons, *faults))
        faults = ()


def _pass_findings(service: _Service, last_pass: LastPass) -> Iterator[Finding]:
    evidence, present, policy = service.evidence, service.present, service.policy
    if service.last_run is None:
        yield Finding(state=State.EVIDENCE_MISSING, reasons=("last_run",))
    elif (missing := evidence.missing_run) is not None:
        reason = Reason.of("older", f"run {missing.run.seq}, {_outcome(missing)}")
        yield Finding(state=State.EVIDENCE_MISSING, reasons=(reason,))
    reasons = moved_parts(last_pass.fingerprint, present, policy, evidence.detail)
    if not reasons and service.last_run and policy.scope == "host":
        reasons = _reverted(service, last_pass, service.last_run)
    if reasons:
        yield Finding(state=State.CHANGED, reasons=reasons)
    if dependencies := tuple(_dependencies(last_pass, present, policy)):
        yield Finding(state=State.DEP_CHANGED, reasons=dependencies)
    if tests := tuple(_tests(service, last_pass)):
        yield Finding(state=State.TESTS_CHANGED, reasons=tests)
    if present.now - last_pass.timestamp > policy.max_age:
        yield Finding(state=State.EXPIRED, reasons=("age",))


def _outcome(run: LastRun) -> str:
    if run.start is not None and run.verdict is None:
        return "in which it did not come up"
    return f"which {run.verdict}" if run.verdict else "which found a failure"


def _no_pass(service: _Service) -> Finding:
    evidence, last_run, tests = service.evidence, service.last_run, service.present.tests
    previous = evidence.previous
    in_status = isinstance(previous, StatusEntry) and bool(previous.last_test_pass)
    in_run = last_run is not None and (last_run.credited or last_run.foreign is not None)
    if in_status or in_run or evidence.passed_before:
        return Finding(state=State.EVIDENCE_MISSING, reasons=("last_pass",))
    if last_run is None and evidence.ran_before:
        return Finding(state=State.EVIDENCE_MISSING, reasons=("last_run",))
    if not isinstance(tests, Unknown) and tests.required == 0:
        return Finding(state=State.NO_TESTS)
    return Finding(state=State.NEVER_RUN, reasons=tuple(_why_no_pass(service)))


def _why_no_pass(service: _Service) -> Iterator[Reason]:
    last_run = service.last_run
    if service.deleted_failures:
        for nodeid in service.deleted_failures:
            yield Reason.of("run", f"a test that failed no longer exists: {nodeid}")
    elif last_run is not None and not last_run.is_finished:
        yield Reason.of("run", "unfinished")
    elif last_run is not None:
        for sentence in filter(None, (*last_run.reasons, last_run.refusal)):
            yield Reason.of("run", sentence)


def _reverted(service: _Service, last_pass: LastPass, last_run: LastRun) -> tuple[str, ...]:
    """Why a return to the fingerprint that passed is not enough: volumes may have changed since."""
    evidence, present = service.evidence, service.present
    if service.failure is not None:
        # A failure on the present fingerprint is `failing`; this failure was on another one.
        return () if service.is_failure_of_now else ("reverted",)
    if not ran_otherwise(evidence, last_pass, last_run, present, service.policy):
        return ()
    if same_containers(last_pass.live, present.observation.containers):
        return ()
    foreign = last_run.foreign
    is_since = foreign is not None and foreign.pass_seq == last_pass.run.seq
    was_moved = is_since and foreign is not None and foreign.why == "moved"
    return ("moved during the tests",) if was_moved else ("reverted",)


def _dependencies(last_pass: LastPass, present: Present, policy: Policy) -> Iterator[str]:
    if policy.scope != "host":
        return
    for name in sorted(
        last_pass.dependencies.keys() | present.observation.dependency_digests.keys()
    ):
        if name not in present.observation.dependency_digests:
            yield Reason.of("dependency", name, "removed")
        elif name not in last_pass.dependencies:
            yield Reason.of("dependency", name, "added")
        else:
            fingerprint = present.observation.dependencies[name].fingerprint
            then, now = last_pass.dependencies[name], fingerprint.digest
            if last_pass.fingerprint.version != fingerprint.version:
                now = fingerprint.carried.get(last_pass.fingerprint.version, now)
            if then is not None and not isinstance(now, Unknown) and then != now:
                yield Reason.of("dependency", name)


def _tests(service: _Service, last_pass: LastPass) -> Iterator[str]:
    tests = service.present.tests
    if isinstance(tests, Unknown):
        return
    before, now = last_pass.tests.required, tests.required
    if now < before:
        yield Reason.of("tests", f"removed {before - now}")
    elif now > before:
        yield Reason.of("tests", f"added {now - before}")
    elif last_pass.tests.digest not in (tests.digest, tests.carried):
        yield Reason.of("tests", "edited")
    elif service.deleted_failures:
        # These tests were added after the pass and failed; the remaining tests have to pass again.
        yield Reason.of("tests", f"removed {len(service.deleted_failures)}")


def _test_faults(service: _Service, last_pass: LastPass) -> Iterator[Reason]:
    """Faults of the tests that kept the last run from a pass: the same tests are refused again."""
    run = service.last_run
    if run is None or run.run.seq <= last_pass.run.seq:
        return
    for sentence in filter(None, (*run.reasons, run.refusal)):
        if asserts_nothing(sentence) or is_unasked(sentence):
            yield Reason.of("run", sentence)


def _doubts(last_pass: LastPass | None, present: Present, policy: Policy) -> Iterator[str]:
    """Unknown facts that a service which is functional otherwise needs to be judged."""
    if last_pass is None:
        return
    if policy.scope == "repo":
        if last_pass.fingerprint.repo is None:
            yield Reason.of("part", "repo", "not known when the pass was recorded")
        elif isinstance(present.observation.fingerprint.repo, Unknown):
            yield Reason.of("part", "repo", present.observation.fingerprint.repo.why)
        return
    wide = _wide_doubts(present)
    parts = map(Reason, unknown_parts(last_pass.fingerprint, present))
    yield from (reason for reason in parts if reason.note not in wide)
    yield from wide.values()
    for name, dependency in sorted(present.observation.dependencies.items()):
        digest, parts_now = dependency.fingerprint.digest, dependency.fingerprint.parts.values()
        causes = {part.why for part in parts_now if isinstance(part, Unknown)}
        is_known = last_pass.dependencies.get(name) is not None
        if is_known and isinstance(digest, Unknown) and not causes <= wide.keys():
            yield Reason.of("dependency", name, digest.why)


def _wide_doubts(present: Present) -> Mapping[str, Reason]:
    """Cause → its reason, for causes that make more than one part of a service unknown."""
    subjects = {"live": present.observation.containers, "stack": present.stack}
    return {
        subject.why: Reason.of(kind, subject.why)
        for kind, subject in subjects.items()
        if isinstance(subject, Unknown)
    }


def _as_before(evidence: Evidence, last_pass: LastPass) -> Finding | None:
    """The change that the last status found for this pass, if its part is unreadable now."""
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
    if page.is_lost:
        # A policy that allows a missing page but not a stale one must not be met by deleting it.
        yield Finding(state=State.DOC_STALE, reasons=("doc:lost",))
