"""Decides whether a run's verdict is credited as a pass, and makes the records of the run.

    open_record(...)   → LastRun     before the first test, so that an unfinished run stays visible
    failed_start(...)  → LastRun     instead, for a service that the run needs and that is not up
    credit(...)        → LastPass | NotCredited
    close(...)         → LastRun     at the end, with what happened since the last pass

A pass is for the service that ran, so it has to be the same before the first and after the last
test: fingerprint, containers with their start times, dependencies and the tests' code. With a
dependency that is drifted or fails its own tests nothing is proved, so no pass is credited; an
optional dependency has no effect, as it may be missing. A front door that has not read its files
again has other routes than those that a pass would name.

| verdict    | effect                                                                            |
|------------|-----------------------------------------------------------------------------------|
| passed     | a new pass; flaky: only renews a pass of the same fingerprint that still holds    |
| failed     | revokes: `failing` until a newer pass                                             |
| incomplete | neither credits nor revokes                                                       |
| untouched  | neither credits nor revokes                                                       |
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.compare import same_containers
from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.freshness.inputs import Tests
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.states import State
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import (
    Failure,
    ForeignRun,
    HistoryLine,
    LastPass,
    LastRun,
    PassedTests,
    RunTests,
)
from stacktest.core.runs.moves import Move, explains, longest_moves
from stacktest.core.runs.start_failure import StartFailure, failed_start_of
from stacktest.core.runs.surroundings import flaws
from stacktest.core.runs.verdict import Verdict
from stacktest.core.unknown import Unknown


class NotCredited(Struct, frozen=True, kw_only=True):
    """No pass is recorded; `reason` is a sentence for people."""

    reason: str
    moved: bool = False
    """Whether the service changed while its tests ran."""


def open_record(
    service: str, run: Run, fingerprint: FingerprintRecord, previous: LastRun | None
) -> LastRun:
    """The record of a run that begins with files of this fingerprint, with the past of it."""
    return LastRun(
        service=service,
        run=run,
        fingerprint=fingerprint,
        failure=previous.failure if previous else None,
        foreign=previous.foreign if previous else None,
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

    `whole`: no service of the stack could be tested.
    """
    return LastRun(
        service=failure.service,
        run=run,
        fingerprint=fingerprint,
        verdict="failed",
        reasons=(failure.recorded,),
        failure=previous.failure if previous else None,
        foreign=previous.foreign if previous else None,
        start=failed_start_of(failure, run, whole=whole),
    )


def credit(
    verdict: Verdict,
    *,
    before: ServiceObservation,
    after: ServiceObservation,
    tests: Tests | Unknown,
    run: Run,
    state_before: State | None,
    previous_pass: LastPass | None,
    edited: tuple[str, ...] = (),
    failing: Collection[str] = (),
    exempt: Mapping[str, Collection[str]] | None = None,
    moves: Sequence[Move] = (),
) -> LastPass | NotCredited:
    """The credited pass, or the reason why the verdict is not credited.

    `run` has its `finished` time; `state_before` is the service's state as judged when the run
    began, None when it was not judged; `edited` are test files whose code changed since they were
    collected. `failing` are dependencies that fail their own tests; `exempt` holds the states that
    an exemption allows a service to be in. `moves` are the declared moves of the run: only they
    can explain another container at the end.
    """
    if verdict.kind != "passed":
        return NotCredited(reason=f"the verdict is {verdict.kind}")
    refusal = (
        _moved(verdict.service, before, after, moves)
        or _edited(edited)
        or _unsound(verdict, (before, after), tests, run)
        or _unsound_surroundings((before, after), failing, exempt or {})
    )
    if refusal is None and verdict.flaky:
        refusal = _too_flaky(before, state_before, previous_pass)
    if refusal is not None:
        return refusal
    assert verdict.started is not None  # noqa: S101 - `_unsound` checks it
    assert not isinstance(tests, Unknown)  # noqa: S101
    assert not isinstance(after.containers, Unknown)  # noqa: S101
    return LastPass(
        timestamp=verdict.started,
        service=verdict.service,
        quality="flaky" if verdict.flaky else "clean",
        fingerprint=FingerprintRecord.attest(before.fingerprint),
        tests=PassedTests(
            digest=tests.digest,
            required=verdict.required,
            passed=verdict.passed,
            known_false=len(verdict.known_false),
            skipped=verdict.skipped,
            assertions=verdict.assertions,
            contacts=verdict.contacts,
        ),
        dependencies={
            name: _attested_digest(dependency, is_optional=name in before.optional)
            for name, dependency in sorted(before.dependencies.items())
        },
        live=tuple(sorted(after.containers, key=lambda ref: ref.container)),
        run=run,
    )


def close(
    opened: LastRun,
    verdict: Verdict,
    outcome: LastPass | NotCredited,
    *,
    after: ServiceObservation,
    running: FingerprintRecord,
    finished: datetime,
    previous_pass: LastPass | None,
    fallen: StartFailure | None = None,
) -> LastRun:
    """The record of a finished run; `previous_pass` is from before the run.

    `running` is the fingerprint of the containers after it. `fallen` is why a service that was up
    is not up any more: it is recorded as a failed start.
    """
    credited = isinstance(outcome, LastPass)
    refusal = (
        outcome.reason if isinstance(outcome, NotCredited) and verdict.kind == "passed" else ""
    )
    run = replace(opened.run, finished=finished)
    record = replace(
        opened,
        run=run,
        start=failed_start_of(fallen, run, whole=False) if fallen else None,
        verdict=verdict.kind,
        flaky=verdict.flaky,
        credited=credited,
        refusal=refusal,
        reasons=verdict.recorded,
        tests=RunTests(
            required=verdict.required,
            passed=verdict.passed,
            flaky=verdict.flaky_tests,
            failed=verdict.failed,
            skipped=verdict.skipped,
            known_false=verdict.known_false,
        ),
    )
    if credited:
        return replace(record, failure=None, foreign=None)
    if verdict.kind == "failed":
        record = replace(record, failure=_failure(record, verdict, after))
    elif isinstance(outcome, NotCredited) and outcome.moved:
        record = replace(record, failure=_still_failing(record, after))
    if previous_pass is not None and verdict.kind != "untouched":
        foreign = _foreign_run(record, outcome, after, previous_pass, running=running)
        record = replace(record, foreign=foreign or record.foreign)
    return record


def history_line(
    record: LastRun,
    verdict: Verdict,
    boot_seconds: float | None = None,
    tests: Tests | Unknown | None = None,
    moves: Sequence[Move] = (),
) -> HistoryLine:
    """The history line of a finished run, with the durations of the service's start and moves."""
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
        reasons=(*verdict.recorded, record.refusal) if record.refusal else verdict.recorded,
        tests=verdict.letters,
        boot_ms=None if boot_seconds is None else round(boot_seconds * 1000),
        move_ms=longest_moves(moves, record.service),
        start=record.start.cause if record.start else "",
        code=tests.digest if isinstance(tests, Tests) else "",
    )


def failed_start_line(record: LastRun) -> HistoryLine:
    """The history line of a run in which the service was not up."""
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


def _moved(
    service: str, before: ServiceObservation, after: ServiceObservation, moves: Sequence[Move]
) -> NotCredited | None:
    """A refusal if the service, its container or a dependency changed during its tests."""
    if parts := changes(before.fingerprint, after.fingerprint):
        what = ", ".join(reason for part in parts for reason in part.reasons)
        return NotCredited(reason=f"it changed while its tests ran: {what}", moved=True)
    first, last = before.containers, after.containers
    if isinstance(first, Unknown) or isinstance(last, Unknown):
        pass
    elif not explains(moves, service, first, last):
        reason = "its container was replaced or restarted during its tests"
        return NotCredited(reason=reason, moved=True)
    for name in sorted(before.dependency_digests.keys() | after.dependency_digests.keys()):
        if before.dependency_digests.get(name) != after.dependency_digests.get(name):
            return NotCredited(reason=f"its dependency {name} changed while its tests ran")
    return None


def _edited(paths: tuple[str, ...]) -> NotCredited | None:
    """A refusal if test files were edited while the tests ran."""
    if not paths:
        return None
    return NotCredited(reason=f"the code of its tests changed meanwhile: {', '.join(paths)}")


def _unsound(
    verdict: Verdict,
    observations: tuple[ServiceObservation, ServiceObservation],
    tests: Tests | Unknown,
    run: Run,
) -> NotCredited | None:
    """A refusal if a fact that a pass needs is unknown, or drift, keys or test counts are wrong."""
    before, after = observations
    reasons = [
        *_unsound_observation("before", before),
        *_unsound_observation("after", after),
        *_unsound_tests(verdict, tests),
    ]
    if before.fingerprint.key_id != after.fingerprint.key_id:
        reasons.append("the key changed while its tests ran")
    if not run.stack:
        reasons.append("the stack's identity is unknown: the engine does not tell its id")
    return NotCredited(reason=reasons[0]) if reasons else None


def _unsound_observation(when: str, observation: ServiceObservation) -> Iterator[str]:
    if isinstance(observation.fingerprint.digest, Unknown):
        yield f"its fingerprint {when} the tests is unknown: {observation.fingerprint.digest.why}"
    elif observation.doors and (unread := observation.fingerprint.doubts.get("stanza")):
        yield f"which host names lead to it {when} the tests is unknown: {unread}"
    if isinstance(observation.containers, Unknown):
        yield f"its containers {when} the tests are unknown: {observation.containers.why}"
    elif not observation.containers:
        yield f"it had no container {when} the tests"
    if observation.drift:
        yield f"what ran {when} the tests is not what the files say: {observation.drift_text}"


def _unsound_tests(verdict: Verdict, tests: Tests | Unknown) -> Iterator[str]:
    if isinstance(tests, Unknown):
        yield f"its required tests are unknown: {tests.why}"
    elif (
        verdict.required != tests.required
        or verdict.passed + len(verdict.known_false) < verdict.required
    ):
        yield "the tests that ran are not the required ones"
    if verdict.started is None:
        yield "no start time of its tests was recorded"


def _unsound_surroundings(
    observations: Iterable[ServiceObservation],
    failing: Collection[str],
    exempt: Mapping[str, Collection[str]],
) -> NotCredited | None:
    why = next((why for seen in observations for why in flaws(seen, failing, exempt)), None)
    return NotCredited(reason=why) if why else None


def _attested_digest(dependency: ServiceObservation, *, is_optional: bool) -> str | None:
    """The dependency's fingerprint for the pass; None, not recorded, if it had no container.

    An optional dependency that was drifted is not recorded either.
    """
    digest = dependency.fingerprint.digest
    is_other = is_optional and bool(dependency.drift)
    is_claimed = not is_other and dependency.containers != ()
    return digest if is_claimed and not isinstance(digest, Unknown) else None


def _too_flaky(
    before: ServiceObservation, state_before: State | None, previous_pass: LastPass | None
) -> NotCredited | None:
    if previous_pass is None or previous_pass.fingerprint.digest != before.fingerprint.digest:
        return NotCredited(reason="it passed only on a retry, and never cleanly as it is now")
    if state_before is None or not state_before.functional:
        return NotCredited(reason="it passed only on a retry, which renews only a pass that holds")
    return None


def _failure(record: LastRun, verdict: Verdict, after: ServiceObservation) -> Failure:
    return Failure(
        run=record.run.id,
        seq=record.run.seq,
        started=verdict.started or record.run.started,
        fingerprint=record.fingerprint,
        drifted=bool(after.drift),
        tests=verdict.failed,
    )


def _still_failing(record: LastRun, after: ServiceObservation) -> Failure | None:
    """The earlier failure, moved to the new fingerprint if the service changed during its tests."""
    failure = record.failure
    if failure is None or changes(
        failure.fingerprint.as_fingerprint(), record.fingerprint.as_fingerprint()
    ):
        return failure
    return replace(failure, fingerprint=FingerprintRecord.attest(after.fingerprint))


def _foreign_run(
    record: LastRun,
    outcome: LastPass | NotCredited,
    after: ServiceObservation,
    previous_pass: LastPass,
    *,
    running: FingerprintRecord,
) -> ForeignRun | None:
    """The run of another fingerprint than that of the pass; None: there is none, or it is known."""
    seq = previous_pass.run.seq
    known = record.foreign
    if known is not None and known.pass_seq == seq and known.weight > 1:
        return None
    passed = previous_pass.fingerprint.as_fingerprint()
    fingerprints = (record.fingerprint, running)
    digests = [ran.digest for ran in fingerprints if changes(passed, ran.as_fingerprint())]
    was_moved = isinstance(outcome, NotCredited) and outcome.moved
    replaced = was_moved and not same_containers(previous_pass.live, after.containers)
    if not digests and not replaced:
        return None
    digest = digests[-1] if digests else running.digest
    why = "moved" if was_moved else "run"
    run = record.run
    return ForeignRun(pass_seq=seq, fingerprint=digest, at=run.finished or run.started, why=why)
