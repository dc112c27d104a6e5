"""Shards of a run: makes the record of each shard, and concludes the joined run."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from msgspec import Struct, field

from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.application.judge import Judge
from stacktest.application.run import StackSession
from stacktest.application.run_ports import Lock, Recorder, RunPorts, StartedStack
from stacktest.application.run_trace import RunTrace
from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collected, Collection
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.plan import Plan
from stacktest.core.runs.bare_text import bare_cause, bare_end, bare_selection
from stacktest.core.runs.moves import Move
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.summary import RunSummary
from stacktest.core.shards.joined import JoinedRun
from stacktest.core.shards.record import (
    CodeOfFile,
    NotUp,
    ShardHiddenFile,
    ShardInventory,
    ShardOutcome,
    ShardRecord,
    ShardRun,
    ShardTest,
)
from stacktest.core.shards.shard import Shard


class Division(Struct, frozen=True, kw_only=True):
    """One shard, and the tests that were divided."""

    shard: Shard
    group: str
    """The name of the CI run that all shards belong to; empty outside of CI."""
    times: str
    """Digest of the known durations that divided the tests."""
    selected: tuple[Collected, ...]
    """Every test that was divided, in its order."""
    selection: str
    """The arguments that selected the tests."""
    elsewhere: tuple[str, ...] = ()
    """The selected tests that lie outside the suites."""


def shard_record(
    division: Division,
    trace: RunTrace,
    summary: RunSummary,
    whole: Collection,
    moves: tuple[Move, ...] = (),
) -> ShardRecord:
    """The record of a shard whose run has ended; `whole` is the inventory."""
    facts, listed = summary.facts, {test.nodeid for test in whole.tests}
    return ShardRecord(
        shard=division.shard,
        group=division.group,
        stack=trace.stack,
        run=trace.run,
        key_id=min(_keys(trace) - {""}, default=""),
        times=division.times,
        inventory=ShardInventory(
            tests=tuple(map(ShardTest.of, whole.tests)),
            unlisted=tuple(
                ShardTest.of(test) for test in division.selected if test.nodeid not in listed
            ),
            elsewhere=division.elsewhere,
            errors=tuple(file.where or bare_cause(file.why) for file in summary.broken),
            hidden=tuple(
                ShardHiddenFile.of(file)
                for file in (*whole.hidden, *(b.hidden() for b in summary.broken if b.path))
            ),
        ),
        order=tuple(test.nodeid for test in division.selected),
        facts=ShardRun(
            selection=bare_selection(division.selection),
            deselected=tuple(sorted(facts.deselected - {t.nodeid for t in division.selected})),
            deviations=tuple(map(bare_selection, facts.deviations)),
            interrupted=facts.interrupted,
            ended_early=bare_end(facts.ended_early),
        ),
        outcomes=tuple(map(ShardOutcome.of, summary.outcomes)),
        code=tuple(
            CodeOfFile(path=path, collected=trace.collected_code.get(path, digest), after=digest)
            for path, digest in sorted(trace.code.items())
        ),
        before=trace.before,
        after=trace.after,
        moves=moves,
        not_up=tuple(map(NotUp.of, summary.not_up.values())),
        boot_ms={name: round(seconds * 1000) for name, seconds in trace.boot_seconds.items()},
        fallen=summary.fallen,
    )


def conclude(
    run: JoinedRun, judge: Judge, recorder: Recorder, lock: Lock, now: Callable[[], datetime]
) -> RunSummary:
    """Conclude the run that was joined from shards: verdicts, credit, records and status."""
    clock = _Clock(run.started)
    moments = iter((run.before, run.after))
    ports = RunPorts(
        judge=replace(judge, identity=run.identity),
        recorder=recorder,
        lock=lock,
        bring_up=lambda plan: _bring_up(run, plan),
        observe=lambda: next(moments, run.after),
        save_part_names=_forget_names,
        now=lambda: clock.moment,
        git=lambda: run.git,
        collected_code=run.collected_code,
        read_code=lambda: lambda test: run.code.get(test.path, ""),
    )
    session = StackSession(ports, run.id)
    try:
        # The run is concluded nevertheless: its records name the services that were not up.
        with suppress(NotReadyError):
            session.start(session.plan(run.selected), run.selected)
        clock.moment = now()
        return session.finish(
            run.whole,
            run.outcomes,
            run.facts,
            errors=run.inventory.broken,
            hidden=run.hidden,
            elsewhere=run.elsewhere,
            moves=run.moves,
        )
    finally:
        session.stop()


# Private


class _Clock(Struct):
    moment: datetime


class _Elsewhere(Struct, frozen=True, kw_only=True):
    """A stack that ran on other machines; `stop` has nothing to remove."""

    run: JoinedRun
    healthy_at: Mapping[str, float] = field(default_factory=dict)

    @property
    def failures(self) -> Mapping[str, StartFailure]:
        return self.run.not_up

    def stop(self) -> Mapping[str, str]:
        return {}

    def fallen(self) -> Mapping[str, str]:
        return self.run.fallen

    def boot_seconds(self) -> Mapping[str, float]:
        return self.run.boot_seconds


def _forget_names(_service: str, _observation: ServiceObservation) -> None:
    """Save nothing: names behind a fingerprint's parts stay on the machine that read them."""


def _bring_up(run: JoinedRun, plan: Plan) -> StartedStack:
    if run.not_up and not plan.has_purpose_without(run.not_up):
        raise NotReadyError.of(dict(run.not_up))
    return _Elsewhere(run=run)


def _keys(trace: RunTrace) -> set[str]:
    return {observation.fingerprint.key_id for observation in trace.before.values()}
