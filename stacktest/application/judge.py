"""Judges every service from its records and its observed state; writes nothing itself.

`stacktest status`, `gate`, `why` and the end of a test run all use it, so that they agree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from stacktest.application.judge_ports import Memory, PageReading, PagesOf, TestsOf
from stacktest.config import Config
from stacktest.core.backups.states import BackupJudgement, judge_backup
from stacktest.core.broken_files import BrokenFile, attributed
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import FINGERPRINT_VERSION, Fingerprint
from stacktest.core.freshness.docs_page import DocsPage, judge_page
from stacktest.core.freshness.gate import Gate, GatePolicy, decide, in_force
from stacktest.core.freshness.inputs import Evidence, Names, Policy, Present, Tests
from stacktest.core.freshness.judge import judge
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.next_step import NextStep
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.rules import running_fingerprint
from stacktest.core.freshness.states import State
from stacktest.core.misnamed import Misnamed, names_of
from stacktest.core.model import Stack
from stacktest.core.plan import needs_of
from stacktest.core.records.common import FingerprintRecord, Run
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.rehearsal import Rehearsal, failed_rehearsal
from stacktest.core.records.run_texts import RunTexts, command_of_last_run
from stacktest.core.records.status import BackupEntry, Scope, StatusMeta
from stacktest.core.runs.verdict import Verdict
from stacktest.core.unknown import Unknown
from stacktest.core.update.choice import differences


class Judge(Struct, frozen=True, kw_only=True):
    """Judges services from everything that a judgement needs; `bootstrap` makes it."""

    stack: Stack
    config: Config
    memory: Memory
    pages: PagesOf
    identity: str | Unknown
    """The name of the project and of the engine that it runs on."""
    detail: Callable[[str, str], Names]
    """Service and fingerprint → the names behind its parts, if this machine has them."""
    versions: Callable[[], Mapping[str, str]]
    """The versions of the tools; called only when they are written."""
    texts: Callable[[], Mapping[str, tuple[RunTexts, ...]]] = dict
    """Service → the texts of its failures, as far as this machine has stored them."""
    rehearsals: Callable[[], Iterable[Rehearsal]] = tuple
    """The results of rehearsals on copies of the stack, as far as this machine has them."""

    def observation(
        self,
        service: str,
        observations: Mapping[str, ServiceObservation],
        *,
        is_routed: bool = False,
    ) -> ServiceObservation:
        """The observation of a service, with those of its direct dependencies and its front door.

        `is_routed`: tests reach it through the front door, even if the files have no route to it.
        """
        names = self.stack.services[service].dependencies
        dependencies = {name: observations[name] for name in names if name in observations}
        optional = frozenset(names).difference(needs_of(self.stack, service))
        door = self.stack.front_door
        has_door = door in observations and door != service
        is_routed = is_routed or bool(self.stack.routes_of(service))
        return replace(
            observations[service],
            dependencies=dependencies,
            optional=optional,
            doors={door: observations[door]} if has_door and is_routed else {},
        )

    @property
    def next_step(self) -> NextStep:
        """Finds the command that clears a state."""
        section = self.config.stack
        return NextStep(
            stack=self.stack, pages=section.pages, status=section.status, ledger=section.ledger
        )

    def local_step(
        self, digests: Mapping[str, str | None], drift: Mapping[str, Sequence[str]] | None = None
    ) -> NextStep:
        """`next_step` with commands that only this machine knows: never for shared documents.

        `digests` are the services' fingerprints now, `drift` the reasons of drifted services.
        """
        texts = {
            name: runs
            for name, runs in self.texts().items()
            if name in digests and any(run.command for run in runs)
        }
        commands = {
            name: command_of_last_run(evidence.last_run, texts[name], digests[name])
            for name, evidence in self.memory.read_all(sorted(texts)).items()
        }
        return replace(self.next_step, commands=commands, drift=drift or {})

    def evidence(self, service: str) -> Evidence:
        """The records, with the names behind the last pass's fingerprint if they are known."""
        return self._add_detail(self.memory.read(service))

    def judge(
        self,
        service: str,
        observations: Mapping[str, ServiceObservation],
        tests: TestsOf,
        now: datetime,
        scope: Scope,
    ) -> Judgement:
        """The state of one service, its page included."""
        pages = self.read_pages({service: observations[service]})
        present = self._build_present(service, observations, tests, now, pages)
        return self._judge_evidence(self.evidence(service), present, scope)

    def judge_all(
        self,
        observations: Mapping[str, ServiceObservation],
        tests: TestsOf,
        now: datetime,
        scope: Scope = "host",
        pages: Mapping[str, PageReading] | None = None,
    ) -> dict[str, Judgement]:
        """The state of every service; a service that cannot be judged does not affect the others.

        `pages` are read here if they are None.
        """
        read = self.read_pages(observations) if pages is None else pages
        return {
            name: self._judge_evidence(
                self._add_detail(evidence),
                self._build_present(name, observations, tests, now, read),
                scope,
            )
            for name, evidence in self.memory.read_all(sorted(observations)).items()
        }

    def attribute(self, errors: Iterable[BrokenFile]) -> tuple[BrokenFile, ...]:
        """The files that cannot be collected and that concern services, with these services."""
        errors, services = tuple(errors), self.stack.services
        return attributed(errors, services, self._recorded_files() if errors else {})

    def read_pages(
        self, observations: Mapping[str, ServiceObservation]
    ) -> Mapping[str, PageReading]:
        """The git history of the docs page of each service."""
        return self.pages(
            {name: observation.fingerprint for name, observation in observations.items()}
        )

    def judge_backups(self, now: datetime) -> Mapping[str, BackupJudgement]:
        """The judgement of the backup of every service that declares one."""
        return {
            name: judge_backup(name, section.backup, self.memory.last_drill(name), now)
            for name, section in sorted(self.config.services.items())
            if section.backup is not None
        }

    def exempt_states(self, now: datetime) -> Mapping[str, frozenset[str]]:
        """Service → the states that exemptions in force allow it to be in."""
        states: dict[str, frozenset[str]] = {}
        for exemption in in_force(self.config.exempt, now.date()):
            earlier = states.get(exemption.service, frozenset())
            states[exemption.service] = earlier | frozenset(exemption.states)
        return states

    def state_before(
        self,
        service: str,
        observations: Mapping[str, ServiceObservation],
        tests: TestsOf,
        now: datetime,
    ) -> State:
        """The state of a service by its records so far, without its docs page."""
        present = self._build_present(service, observations, tests, now, {})
        return self._judge_evidence(self.evidence(service), present, "host").state

    def running(
        self,
        services: Iterable[str],
        looks: Sequence[Mapping[str, ServiceObservation]],
        now: datetime,
    ) -> Mapping[str, Sequence[FingerprintRecord]]:
        """Service → the fingerprint that its containers ran at each look, by its records so far."""
        evidences = self.memory.read_all(sorted(services))
        return {
            name: [
                running_fingerprint(
                    self._add_detail(evidence), self._build_present(name, seen, {}, now, {})
                )
                for seen in looks
            ]
            for name, evidence in evidences.items()
        }

    def failing_needs(
        self,
        tested: Iterable[str],
        verdicts: Mapping[str, Verdict],
        observations: Mapping[str, ServiceObservation],
        tests: TestsOf,
        now: datetime,
    ) -> frozenset[str]:
        """Dependencies of `tested` that failed in this run, or before without a pass since."""
        needed = {name for service in tested for name in self.stack.services[service].dependencies}
        kinds = {name: verdicts[name].kind if name in verdicts else "untouched" for name in needed}
        return frozenset(
            name
            for name, kind in kinds.items()
            if kind == "failed"
            or (
                kind != "passed"
                and name in observations
                and self.state_before(name, observations, tests, now) is State.FAILING
            )
        )

    def meta(
        self,
        observations: Mapping[str, ServiceObservation],
        judgements: Mapping[str, Judgement],
        now: datetime,
        misnamed: Sequence[Misnamed] = (),
    ) -> StatusMeta:
        """The part of the status about the whole stack, with warnings about removed services."""
        warnings = [text for judgement in judgements.values() for text in judgement.warnings]
        misnamed = (*self.config.misnamed, *misnamed)
        warnings += [item.warning for item in misnamed]
        known = {*self.stack.services, *names_of(misnamed)}
        removed = sorted(set(self.memory.services()) - known)
        warnings += [f"{name}: has records, but is not a service of the stack" for name in removed]
        keys = {observation.fingerprint.key_id for observation in observations.values()} - {""}
        return StatusMeta(
            versions=self.versions(),
            fingerprint_version=FINGERPRINT_VERSION,
            key_id=min(keys, default=""),
            scope="host",
            evaluated_at=now,
            exemptions=tuple(item for item in self.config.exempt if item.until >= now.date()),
            warnings=tuple(sorted(warnings)),
            backups={
                name: BackupEntry.of(backup) for name, backup in self.judge_backups(now).items()
            },
        )

    def gate(
        self,
        judgements: Mapping[str, Judgement] | None,
        now: datetime,
        scope: Scope = "host",
        *,
        is_local: bool = False,
        misnamed: Sequence[Misnamed] = (),
    ) -> Gate:
        """The gate: on a host by the states now, in a repository by the worse of stored and now.

        `is_local`: the result is for this machine only, so it may use what only this machine knows.
        """
        status, step = self.memory.read_status(), self.next_step
        if is_local:
            entries = dict(status) if isinstance(status, Mapping) else {}
            entries |= {name: judgement.entry for name, judgement in (judgements or {}).items()}
            digests = {name: entry.fingerprint for name, entry in entries.items()}
            step = self.local_step(digests)
        return decide(
            status,
            self.memory.read_meta(),
            services=self.stack.services,
            policy=replace(self._gate_policy(now, scope, judgements or {}), next_step=step),
            judgements=judgements,
            backups=self.judge_backups(now).values(),
            misnamed=(*self.config.misnamed, *misnamed),
        )

    def next_run(self, run_id: str, now: datetime, git: tuple[str | None, bool | None]) -> Run:
        """A run that begins now; the ledger assigns its number."""
        commit, dirty = git
        return Run(
            id=run_id,
            seq=0,
            started=now,
            finished=None,
            stack=self.identity if isinstance(self.identity, str) else "",
            git_commit=commit,
            dirty=dirty,
            versions=self.versions(),
        )

    # Private

    def _add_detail(self, evidence: Evidence) -> Evidence:
        last_pass = evidence.last_pass
        if last_pass is None or isinstance(last_pass, Unknown) or not last_pass.fingerprint.digest:
            return evidence
        return replace(evidence, detail=self.detail(evidence.service, last_pass.fingerprint.digest))

    def _judge_evidence(self, evidence: Evidence, present: Present, scope: Scope) -> Judgement:
        policy = Policy(
            max_age=timedelta(seconds=self.config.freshness.max_age),
            scope=scope,
            doc_on=self.config.freshness.doc_on,
        )
        return judge(evidence, self._add_rehearsal(evidence, present), policy)

    def _add_rehearsal(self, evidence: Evidence, present: Present) -> Present:
        """Add a reason if a copy with these files failed a rehearsal after the last pass."""
        name, observation = present.service, present.observation
        if not differences(observation.drift):
            return present
        services = self.stack.services.items()
        dependants = {other for other, service in services if name in service.dependencies}
        rehearsal = failed_rehearsal(self.rehearsals(), name, dependants)
        last_pass = evidence.last_pass
        if rehearsal is None or (
            isinstance(last_pass, LastPass) and last_pass.timestamp > rehearsal.started
        ):
            return present
        drift = (*observation.drift, Reason.of("rehearsal", rehearsal.id))
        return replace(present, observation=replace(observation, drift=drift))

    def _build_present(
        self,
        service: str,
        observations: Mapping[str, ServiceObservation],
        tests: TestsOf,
        now: datetime,
        pages: Mapping[str, PageReading],
    ) -> Present:
        """The present state of the service, with Unknown for what could not be read."""
        observation, reading = self.observation(service, observations), pages.get(service)
        none = Tests(digest="", required=0)
        return Present(
            service=service,
            now=now,
            observation=observation,
            tests=tests.get(service, none),
            stack=self.identity,
            must_run=self._must_run(service),
            is_synced=bool((self.stack.services[service].definition or {}).get("develop")),
            page=_page(observation.fingerprint, reading),
            changed_on=reading.changed_on if reading else None,
        )

    def _recorded_files(self) -> Mapping[str, frozenset[str]]:
        """Service → the files of the tests in the lines of its last pass and of its last run."""
        files: dict[str, frozenset[str]] = {}
        for name, evidence in self.memory.read_all(sorted(self.stack.services)).items():
            records = (evidence.last_pass, evidence.last_run)
            runs = {record.run.id for record in records if isinstance(record, LastPass | LastRun)}
            lines, _ = self.memory.history(name)
            tests = (test for line in lines if line.run in runs for test in line.tests)
            files[name] = frozenset(test.partition("::")[0] for test in tests)
        return files

    def _must_run(self, service: str) -> bool:
        names = {service, *self.stack.services[service].profiles}
        return bool(names & set(self.config.freshness.must_run))

    def _gate_policy(
        self, now: datetime, scope: Scope, judgements: Mapping[str, Judgement]
    ) -> GatePolicy:
        running = {name for name, judgement in judgements.items() if judgement.runs}
        required = {name for name in self.stack.services if self._must_run(name)}
        return GatePolicy(
            now=now,
            scope=scope,
            deny=frozenset(State(name) for name in self.config.gate.deny),
            exempt=self.config.exempt,
            max_age=timedelta(seconds=self.config.freshness.max_age),
            enabled=frozenset({*self.stack.default_services(), *required, *running}),
            drills=self.config.gate.drills,
        )


# Private


def _page(fingerprint: Fingerprint, reading: PageReading | None) -> DocsPage | Unknown | None:
    if reading is None:
        return None
    if isinstance(reading.facts, Unknown):
        return reading.facts
    digest, repo = fingerprint.digest, fingerprint.repo
    return judge_page(
        reading.facts,
        fingerprint=None if isinstance(digest, Unknown) else digest,
        repo_fingerprint=None if isinstance(repo, Unknown) else repo,
        older=lambda: (*fingerprint.carried.values(), *fingerprint.carried_repo.values()),
    )
