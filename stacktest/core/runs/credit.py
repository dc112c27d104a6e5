"""When a run's verdict becomes a pass, and what is remembered of the run either way.

    open_record(...)   → LastRun     before the first test: an unfinished run stays visible
    failed_start(...)  → LastRun     instead, for a service that the run wanted and that is not up
    credit(...)        → LastPass | Refusal
    close(...)         → LastRun     at the end, with what happened since the last pass

A pass is for what ran, so what ran has to be the same before the first and after the last test:
fingerprint, containers with their start times, dependencies, the stack itself, and the tests' code.

| verdict    | effect                                                                           |
|------------|----------------------------------------------------------------------------------|
| passed     | a new pass; flaky: renews a standing pass of the same fingerprint, never the first |
| failed     | revokes: `failing` until a newer pass                                            |
| incomplete | neither credits nor revokes                                                      |
| untouched  | neither                                                                          |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from stacktest.core.fingerprint.compare import same_containers
from stacktest.core.fingerprint.fingerprint import Fingerprint, changes
from stacktest.core.freshness.inputs import Tests
from stacktest.core.freshness.states import State
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import (
    FailedStart,
    Failure,
    ForeignRun,
    HistoryLine,
    LastPass,
    LastRun,
    PassedTests,
    RunTests,
)
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Verdict
from stacktest.core.unknown import Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What one service is at one moment of a run."""

    fingerprint: Fingerprint
    containers: tuple[ContainerRef, ...] | Unknown
    stack: str | Unknown
    drift: tuple[str, ...] = ()
    dependencies: Mapping[str, str | Unknown] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """No pass is recorded; `reason` is a sentence for people."""

    reason: str
    moved: bool = False
    """The service was not the same before and after its tests."""


def open_record(service: str, run: Run, before: Snapshot, previous: LastRun | None) -> LastRun:
    """The record of a run that is about to begin; what happened since the pass is carried over."""
    return LastRun(
        service=service,
        run=run,
        fingerprint=FingerprintRecord.attest(before.fingerprint),
        failure=previous.failure if previous else None,
        other=previous.other if previous else None,
    )


def failed_start(
    run: Run,
    failure: StartFailure,
    fingerprint: FingerprintRecord,
    previous: LastRun | None,
    *,
    whole: bool,
) -> LastRun:
    """The record of a run in which the service was not up; `run` has its `finished` time.

    `whole`: nothing of the stack could be tested.
    """
    return LastRun(
        service=failure.service,
        run=run,
        fingerprint=fingerprint,
        verdict="failed",
        reasons=(failure.cause,),
        failure=previous.failure if previous else None,
        other=previous.other if previous else None,
        start=FailedStart(
            run=run.id,
            seq=run.seq,
            at=run.finished or run.started,
            cause=failure.cause,
            because_of=failure.because_of,
            whole=whole,
        ),
    )


def credit(
    verdict: Verdict,
    *,
    before: Snapshot,
    after: Snapshot,
    tests: Tests | Unknown,
    run: Run,
    standing: State | None,
    previous: LastPass | None,
    edited: tuple[str, ...] = (),
) -> LastPass | Refusal:
    """The pass that the verdict earned, or why it earned none.

    `run` has its `finished` time; `standing` is the service's state as judged when the run began,
    None when it was not; `previous` is the last pass; `edited` are test files whose code is not
    what it was when they were collected.
    """
    if verdict.kind != "passed":
        return Refusal(reason=f"the verdict is {verdict.kind}")
    refusal = (
        _moved(before, after)
        or _edited(edited)
        or _unsound(verdict, (before, after), tests, run, previous)
    )
    if refusal is None and verdict.flaky:
        refusal = _too_flaky(before, standing, previous)
    if refusal is not None:
        return refusal
    assert verdict.started is not None  # noqa: S101 - `_unsound` said so
    assert not isinstance(tests, Unknown)  # noqa: S101
    assert not isinstance(before.containers, Unknown)  # noqa: S101
    return LastPass(
        timestamp=verdict.started,
        service=verdict.service,
        quality="flaky" if verdict.flaky else "clean",
        fingerprint=FingerprintRecord.attest(before.fingerprint),
        tests=PassedTests(
            digest=tests.digest,
            required=verdict.required,
            passed=verdict.passed,
            skipped=verdict.skipped,
            assertions=verdict.assertions,
            contacts=verdict.contacts,
        ),
        dependencies={
            name: None if isinstance(value, Unknown) else value
            for name, value in sorted(before.dependencies.items())
        },
        live=tuple(sorted(before.containers, key=lambda live: live.container)),
        run=run,
    )


def close(
    opened: LastRun,
    verdict: Verdict,
    answer: LastPass | Refusal,
    *,
    after: Snapshot,
    finished: datetime,
    standing: LastPass | None,
) -> LastRun:
    """The record of a run that came to its end; `standing` is the pass from before the run."""
    credited = isinstance(answer, LastPass)
    refusal = answer.reason if isinstance(answer, Refusal) and verdict.kind == "passed" else ""
    record = replace(
        opened,
        run=replace(opened.run, finished=finished),
        verdict=verdict.kind,
        flaky=verdict.flaky,
        credited=credited,
        refusal=refusal,
        reasons=verdict.reasons,
        tests=RunTests(
            required=verdict.required,
            passed=verdict.passed,
            flaky=verdict.flaky_tests,
            failed=verdict.failed,
            skipped=verdict.skipped,
        ),
    )
    if credited:
        return replace(record, failure=None, other=None)
    if verdict.kind == "failed":
        record = replace(record, failure=_failure(record, verdict, after))
    elif isinstance(answer, Refusal) and answer.moved:
        record = replace(record, failure=_still_failing(record, after))
    if standing is not None and verdict.kind != "untouched":
        other = _other(record, answer, after, finished, standing)
        record = replace(record, other=other or record.other)
    return record


def history_line(
    record: LastRun, verdict: Verdict, boot_seconds: float | None = None
) -> HistoryLine:
    """What the history keeps of a run that was closed, and how long its service took to start."""
    return HistoryLine(
        service=record.service,
        run=record.run.id,
        seq=record.run.seq,
        started=record.run.started,
        git_commit=record.run.git_commit,
        fingerprint=record.fingerprint,
        verdict=verdict.kind,
        credited=record.credited,
        flaky=verdict.flaky,
        reasons=(*verdict.reasons, record.refusal) if record.refusal else verdict.reasons,
        tests=verdict.letters,
        boot_ms=None if boot_seconds is None else round(boot_seconds * 1000),
    )


def failed_start_line(record: LastRun) -> HistoryLine:
    """What the history keeps of a run in which the service was not up."""
    return HistoryLine(
        service=record.service,
        run=record.run.id,
        seq=record.run.seq,
        started=record.run.started,
        git_commit=record.run.git_commit,
        fingerprint=record.fingerprint,
        verdict="failed",
        credited=False,
        flaky=False,
        reasons=record.reasons,
        start=record.start.cause if record.start else "",
    )


# Private


def _moved(before: Snapshot, after: Snapshot) -> Refusal | None:
    """A refusal when the service was not one and the same thing during its tests."""
    if parts := changes(before.fingerprint, after.fingerprint):
        what = ", ".join(reason for part in parts for reason in part.reasons)
        return Refusal(reason=f"it changed while its tests ran: {what}", moved=True)
    first, last = before.containers, after.containers
    if not isinstance(first, Unknown) and not isinstance(last, Unknown) and set(first) != set(last):
        reason = "its container was replaced or restarted during its tests"
        return Refusal(reason=reason, moved=True)
    for name in sorted(before.dependencies.keys() | after.dependencies.keys()):
        if before.dependencies.get(name) != after.dependencies.get(name):
            return Refusal(reason=f"its dependency {name} changed while its tests ran")
    return None


def _edited(paths: tuple[str, ...]) -> Refusal | None:
    """A refusal when what the tests say now is not what ran."""
    if not paths:
        return None
    return Refusal(reason=f"the code of its tests changed meanwhile: {', '.join(paths)}")


def _unsound(
    verdict: Verdict,
    shots: tuple[Snapshot, Snapshot],
    tests: Tests | Unknown,
    run: Run,
    previous: LastPass | None,
) -> Refusal | None:
    """A refusal when something is not known, or not as it has to be for a pass to mean anything."""
    reasons = [
        *_unsound_snapshot("before", shots[0], run),
        *_unsound_snapshot("after", shots[1], run),
        *_unsound_tests(verdict, tests),
    ]
    if shots[0].fingerprint.key_id != shots[1].fingerprint.key_id:
        reasons.append("the key changed while its tests ran")
    if previous is not None and previous.run.stack != run.stack:
        reasons.append(f"the last pass is from another stack, {previous.run.stack!r}")
    return Refusal(reason=reasons[0]) if reasons else None


def _unsound_snapshot(when: str, shot: Snapshot, run: Run) -> Iterator[str]:
    if isinstance(shot.fingerprint.digest, Unknown):
        yield f"its fingerprint {when} the tests is unknown: {shot.fingerprint.digest.why}"
    if isinstance(shot.containers, Unknown):
        yield f"its containers {when} the tests are unknown: {shot.containers.why}"
    elif not shot.containers:
        yield f"it had no container {when} the tests"
    if shot.drift:
        yield f"what ran {when} the tests is not what the files say: {'; '.join(shot.drift)}"
    if isinstance(shot.stack, Unknown):
        yield f"the stack's identity is unknown: {shot.stack.why}"
    elif shot.stack != run.stack:
        yield f"the tests ran on another stack: {shot.stack!r}, not {run.stack!r}"


def _unsound_tests(verdict: Verdict, tests: Tests | Unknown) -> Iterator[str]:
    if isinstance(tests, Unknown):
        yield f"its required tests are unknown: {tests.why}"
    elif verdict.required != tests.required or verdict.passed < verdict.required:
        yield "the tests that ran are not the required ones"
    if verdict.started is None:
        yield "no start time of its tests was recorded"


def _too_flaky(
    before: Snapshot, standing: State | None, previous: LastPass | None
) -> Refusal | None:
    if previous is None or previous.fingerprint.digest != before.fingerprint.digest:
        return Refusal(reason="it passed only on a retry, and never cleanly as it is now")
    if standing is None or not standing.functional:
        return Refusal(reason="it passed only on a retry, which renews a standing pass only")
    return None


def _failure(record: LastRun, verdict: Verdict, after: Snapshot) -> Failure:
    return Failure(
        run=record.run.id,
        seq=record.run.seq,
        started=verdict.started or record.run.started,
        fingerprint=record.fingerprint,
        drifted=bool(after.drift),
        tests=verdict.failed,
    )


def _still_failing(record: LastRun, after: Snapshot) -> Failure | None:
    """The standing failure: a change in the middle of the tests that followed did not end it."""
    failure = record.failure
    if failure is None or changes(
        failure.fingerprint.as_fingerprint(), record.fingerprint.as_fingerprint()
    ):
        return failure
    return replace(failure, fingerprint=FingerprintRecord.attest(after.fingerprint))


def _other(
    record: LastRun,
    answer: LastPass | Refusal,
    after: Snapshot,
    finished: datetime,
    standing: LastPass,
) -> ForeignRun | None:
    """Something else than what passed ran; None: nothing of that kind, or it is known already."""
    seq = standing.run.seq
    if record.other is not None and record.other.pass_seq == seq:
        return None
    passed = standing.fingerprint.as_fingerprint()
    ran = [record.fingerprint.as_fingerprint(), after.fingerprint]
    others = [FingerprintRecord.attest(one).digest for one in ran if changes(passed, one)]
    was_moved = isinstance(answer, Refusal) and answer.moved
    if not others and not (was_moved and not same_containers(standing.live, after.containers)):
        return None
    fingerprint = others[-1] if others else FingerprintRecord.attest(after.fingerprint).digest
    why = "moved" if was_moved else "run"
    return ForeignRun(pass_seq=seq, fingerprint=fingerprint, at=finished, why=why)
