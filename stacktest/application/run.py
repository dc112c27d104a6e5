"""The steps of one run: plan → up → tests → fold → fingerprint → record → judge → stop.

It gets all adapters as `RunPorts` and makes none; `bootstrap` makes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from stacktest.application.failed_bring_up import failures_of
from stacktest.application.judge import Judge
from stacktest.application.run_ports import Opened, RunPorts, StartedStack
from stacktest.application.run_snapshot import RunSnapshot, snapshot_of
from stacktest.application.run_trace import RunTrace
from stacktest.core.broken_files import BrokenFile, required_tests
from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collected, Collection
from stacktest.core.freshness.inputs import Tests
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.misnamed import Misnamed, misnamed_services
from stacktest.core.model import Stack
from stacktest.core.plan import Demand, Plan, make_plan
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.run_texts import RunTexts, texts_of_starts, texts_of_verdicts
from stacktest.core.redaction import clean, redact
from stacktest.core.runs.credit import NotCredited, close, credit, history_line
from stacktest.core.runs.disturbance import Looks
from stacktest.core.runs.fold import fold
from stacktest.core.runs.moves import Move, without_moved
from stacktest.core.runs.requirements import edited_files, inventory_of, tests_of
from stacktest.core.runs.start_failure import StartFailure, cleaned, fallen_services
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import HiddenFile, Outcome, RunFacts, Verdict
from stacktest.core.secrets import secrets_of
from stacktest.core.unknown import Unknown
from stacktest.errors import LockHeldError, StacktestError, UsageError


class StackSession:
    """One run on one stack, step by step."""

    def __init__(self, ports: RunPorts, run_id: str) -> None:
        self._ports = ports
        self._judge = ports.judge
        self.run_id = run_id
        self._up: StartedStack | None = None
        self._locked = False
        self._before: Mapping[str, ServiceObservation] = {}
        self._opened: Opened | None = None
        self._begun: Run | None = None
        self._tests: tuple[Collected, ...] = ()
        self._routed: frozenset[str] = frozenset()
        self._secrets = secrets_of(ports.judge.stack)
        self._unrecorded: Mapping[str, str] = {}
        self._moves: tuple[Move, ...] = ()
        self._trouble: StacktestError | None = None
        self.not_up: Mapping[str, StartFailure] = {}
        """Services of the plan that are not up, each with its cause."""
        self.misnamed: tuple[Misnamed, ...] = ()
        """Names in the planned tests that are not services of the stack."""
        self.trace: RunTrace | None = None
        """The input of the run's judgement; set by `finish`."""

    @property
    def stack(self) -> Stack:
        """The stack under test."""
        return self._judge.stack

    @property
    def snapshot(self) -> RunSnapshot:
        """The containers that the run began with, once the stack is up."""
        return snapshot_of(self._before, self._up.healthy_at if self._up else {})

    @property
    def run(self) -> Run | None:
        """The run with its number, once the stack is up."""
        return self._opened.run if self._opened else None

    def plan(self, tests: Iterable[Collected]) -> Plan:
        """Which services these tests need; a test with a misnamed service needs none."""
        tests = tuple(tests)
        self.misnamed = self._misnamed(tests)
        demands = (
            Demand(
                nodeid=test.nodeid,
                services=test.services,
                routed=test.routed,
                hosts=test.hosts if test.routed else (),
                phase=test.phase,
            )
            for test in tests
            if self.stack.services.keys() >= set(test.services)
        )
        return make_plan(self.stack, demands)

    def start(self, plan: Plan, tests: Iterable[Collected]) -> None:
        """Bring up the planned services, observe them, and open the records of the run."""
        ports, self._tests = self._ports, tuple(tests)
        self._routed = frozenset(test.nodeid for test in self._tests if test.routed)
        ports.lock.acquire()
        self._locked = True
        ports.on_locked()
        run = self._begun = self._judge.next_run(self.run_id, ports.now(), ports.git())
        try:
            self._up = ports.bring_up(plan)
        except StacktestError as error:
            if not isinstance(error, UsageError | LockHeldError):
                self._record_whole_failure(run, plan, error)
            raise
        self.not_up = cleaned(self._up.failures, self._clean)
        self._before = ports.observe()
        tested = {name for test in self._tests for name in test.services} - set(self.blocked)
        for name in sorted(tested):
            ports.save_part_names(name, self._before[name])
        # If the run is killed, nobody knows whether the files were applied meanwhile.
        prints = {name: FingerprintRecord.attest(self._before[name].fingerprint) for name in tested}
        up = set(plan.services) - plan.looked_up - set(self.not_up)
        self._opened = ports.recorder.open_run(run, prints, up=up)
        if self.not_up:
            self._unrecorded = self._record_failures(
                self._opened.run, self.not_up, self._before, whole=False
            )

    def finish(
        self,
        whole: Iterable[Collected],
        outcomes: tuple[Outcome, ...],
        facts: RunFacts,
        *,
        errors: tuple[BrokenFile, ...] = (),
        hidden: tuple[HiddenFile, ...] = (),
        elsewhere: frozenset[str] = frozenset(),
        moves: tuple[Move, ...] = (),
    ) -> RunSummary:
        """Verdicts, credit and states of this run, written to the ledger and the status.

        `whole` is the inventory; `errors`: its files that cannot be collected; `hidden`: those that
        were left out; tests `elsewhere` lie outside the suites; `moves` are the declared moves of
        containers by tests.
        """
        self._moves = moves
        whole = tuple(whole)
        blocked = self.blocked
        outcomes = tuple(self._as_recorded(outcome, blocked) for outcome in outcomes)
        after = self._ports.observe()
        fallen = without_moved(self._up.fallen() if self._up else {}, self._moves, after)
        code = self._ports.read_code()
        tests = tests_of(whole, code)
        edited = edited_files(self._tests, self._ports.collected_code, code)
        broken = self._judge.attribute(errors)
        hidden += tuple(file.hidden() for file in broken if file.path)
        unknown = tuple(file.cause for file in broken if not file.path)
        inventory = replace(inventory_of(whole, unknown), hidden=hidden, elsewhere=elsewhere)
        verdicts = fold(inventory, outcomes, facts)
        credited, refused = self._record(verdicts, after, tests, edited, fallen_services(fallen))
        self._remember_words(verdicts, whole, outcomes)
        now = self._ports.now()
        if self._begun is not None:
            self.trace = RunTrace(
                stack=self.stack.name,
                run=replace(self.run or self._begun, finished=now),
                before=self._before,
                after=after,
                collected_code=self._ports.collected_code,
                code={test.path: code(test) for test in (*whole, *self._tests)},
                boot_seconds=self._up.boot_seconds() if self._up else {},
            )
        # A file that cannot be collected hides its tests; they count as unknown, not as removed.
        required = required_tests(tests, broken, self.stack.services)
        judgements = self._judge.judge_all(after, required, now)
        meta = self._judge.meta(after, judgements, now, self._misnamed((*whole, *self._tests)))
        try:
            self._ports.recorder.write_status(judgements, meta)
        except StacktestError as error:
            self._trouble = self._trouble or error
        return RunSummary(
            verdicts=verdicts,
            credited=credited,
            refused=refused,
            judgements=judgements,
            outcomes=outcomes,
            phases={test.nodeid: test.phase for test in whole},
            names={test.nodeid: test.full for test in whole if test.full},
            fallen=fallen,
            facts=facts,
            broken=broken,
            not_up=self.not_up,
            misnamed=self._judge.config.misnamed,
            trouble=self._trouble,
            foreign=self._opened.foreign if self._opened else {},
        )

    def judge_only(self, collection: Collection) -> Mapping[str, Judgement]:
        """Judge all services and write the status, for a run that had nothing to test."""
        observations, now = self._ports.observe(), self._ports.now()
        tests = tests_of(collection.tests, self._ports.read_code())
        broken = self._judge.attribute(collection.errors)
        required = required_tests(tests, broken, self.stack.services)
        judgements = self._judge.judge_all(observations, required, now)
        meta = self._judge.meta(observations, judgements, now, self._misnamed(collection.tests))
        self._ports.recorder.write_status(judgements, meta)
        return judgements

    @property
    def judge(self) -> Judge:
        """The judge of this run's stack, the same as that of `stacktest status` and `gate`."""
        return self._judge

    def stop(self) -> Mapping[str, str]:
        """Take down what was started and release the lock; safe to call at any time.

        Returns name → reason for everything that could not be removed.
        """
        try:
            if self._up is None:
                return {}
            up, self._up = self._up, None
            return up.stop()
        finally:
            if self._locked:
                self._locked = False
                self._ports.lock.release()

    @property
    def blocked(self) -> Mapping[str, StartFailure]:
        """Every name whose tests cannot run: services that are not up, and misnamed ones."""
        return {**self.not_up, **{item.name: item.failure for item in self.misnamed}}

    # Private

    def _misnamed(self, tests: Iterable[Collected]) -> tuple[Misnamed, ...]:
        judge, place_of = self._judge, self._ports.place_of
        return misnamed_services(judge.stack, tests, judge.memory.services, place_of)

    def _as_recorded(self, outcome: Outcome, blocked: Mapping[str, StartFailure]) -> Outcome:
        """The outcome without secrets; `unfinished` for a test of a service that is `blocked`.

        Such a test must not take away the pass of another service that it names as well.
        """
        door = (self.stack.front_door,) if outcome.nodeid in self._routed else ()
        names = (*outcome.services, *door)
        if failures := [blocked[name] for name in names if name in blocked]:
            failure = failures[0]
            return replace(
                outcome, result="unfinished", reason=failure.cause, kind=failure.recorded
            )
        return replace(outcome, reason=self._clean(outcome.reason))

    def _clean(self, text: str) -> str:
        return redact(text, self._secrets)

    def _remember_words(
        self,
        verdicts: Mapping[str, Verdict],
        whole: Iterable[Collected],
        outcomes: Sequence[Outcome],
    ) -> None:
        """Store on this machine the texts of failures, and the tests' names with parameters."""
        if self._opened is None:
            return
        tests = (*whole, *self._tests)
        names = {name: {t.nodeid: t.full for t in tests if name in t.services} for name in verdicts}
        verdicts = {name: verdicts[name] for name in self._opened.records}
        self._save_texts(texts_of_verdicts(self._opened.run.id, verdicts, names, outcomes))

    def _save_texts(self, texts: Mapping[str, RunTexts]) -> None:
        # If they cannot be written, the texts are lost, but not the run.
        with suppress(StacktestError):
            self._ports.save_texts(clean(texts, self._secrets))

    def _record_whole_failure(self, run: Run, plan: Plan, error: StacktestError) -> None:
        """Record a bring-up that ended with an error: its planned services are not up."""
        self.not_up = failures_of(self.stack, plan, error)
        self.not_up = cleaned(self.not_up, self._clean)
        observations: Mapping[str, ServiceObservation] = {}
        # The cause of the failed start is reported even if the stack cannot be observed now.
        with suppress(StacktestError):
            observations = self._before = self._ports.observe()
        try:
            self._unrecorded = self._record_failures(run, self.not_up, observations, whole=True)
        except StacktestError as problem:
            self._unrecorded = dict.fromkeys(self.not_up, problem.what)

    def _record_failures(
        self,
        run: Run,
        failures: Mapping[str, StartFailure],
        observations: Mapping[str, ServiceObservation],
        *,
        whole: bool,
    ) -> Mapping[str, str]:
        """Record which services are not up; returns refused service → reason."""
        fingerprints = {
            name: FingerprintRecord.attest(observation.fingerprint)
            for name, observation in observations.items()
        }
        finished = replace(run, finished=self._ports.now())
        self._save_texts(texts_of_starts(run.id, failures))
        record = self._ports.recorder.record_failed_starts
        return record(finished, failures, fingerprints, whole=whole)

    def _record(
        self,
        verdicts: Mapping[str, Verdict],
        after: Mapping[str, ServiceObservation],
        tests: Mapping[str, Tests],
        edited: Mapping[str, tuple[str, ...]],
        fallen: Mapping[str, StartFailure],
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        if self._opened is None:
            return (), dict(self._unrecorded)
        now = self._ports.now()
        records: dict[str, LastRun] = {}
        passes: dict[str, LastPass] = {}
        lines: dict[str, HistoryLine] = {}
        refused = {**self._opened.refused, **self._unrecorded}
        boots = self._up.boot_seconds() if self._up else {}
        remembered = self._judge.memory.read_all(self._opened.records)
        failing = self._judge.failing_needs(self._opened.records, verdicts, after, tests, now)
        running = self._judge.running(self._opened.records, (self._before, after), now)
        looks = Looks(
            stack=self.stack,
            before=self._before,
            after=after,
            down={*self.not_up, *fallen},
            moves=self._moves,
            tests=self._tests,
            edited=edited,
        )
        for service, record in self._opened.records.items():
            verdict = verdicts[service]
            last_pass = remembered[service].last_pass
            previous_pass = None if isinstance(last_pass, Unknown) else last_pass
            outcome = self._credit(
                service,
                verdict,
                after,
                tests,
                previous_pass=previous_pass,
                edited=edited.get(service, ()),
                failing=failing,
            )
            if isinstance(outcome, LastPass):
                passes[service] = outcome
            elif verdict.kind == "passed":
                refused[service] = outcome.reason
            records[service] = close(
                replace(record, fingerprint=running[service][0]),
                verdict,
                outcome,
                after=self._judge.observation(service, after),
                running=running[service][1],
                finished=now,
                previous_pass=previous_pass,
                fallen=fallen.get(service),
            )
            line = history_line(
                records[service], verdict, boots.get(service), tests.get(service), self._moves
            )
            lines[service] = replace(line, disturbed=looks.disturbance(service))
        try:
            refused |= self._ports.recorder.close_run(records, passes, lines)
        except StacktestError as error:
            self._trouble = error
            refused |= dict.fromkeys(passes, error.what)
        if untested := {name: why for name, why in fallen.items() if name not in records}:
            refused |= self._record_failures(self._opened.run, untested, after, whole=False)
        return tuple(sorted(set(passes) - set(refused))), refused

    def _credit(
        self,
        service: str,
        verdict: Verdict,
        after: Mapping[str, ServiceObservation],
        tests: Mapping[str, Tests],
        *,
        previous_pass: LastPass | None,
        edited: tuple[str, ...],
        failing: frozenset[str],
    ) -> LastPass | NotCredited:
        assert self._opened is not None  # noqa: S101 - checked by `_record`
        now = self._ports.now()
        routed = any(test.routed and service in test.services for test in self._tests)
        return credit(
            verdict,
            before=self._judge.observation(service, self._before, is_routed=routed),
            after=self._judge.observation(service, after, is_routed=routed),
            tests=tests.get(service, Unknown("no test names it any more")),
            run=replace(self._opened.run, finished=now),
            state_before=self._judge.state_before(service, self._before, tests, now)
            if verdict.flaky
            else None,
            previous_pass=previous_pass,
            edited=edited,
            failing=failing,
            exempt=self._judge.exempt_states(now),
            moves=self._moves,
        )
