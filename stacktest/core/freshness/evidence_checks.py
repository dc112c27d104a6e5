"""Finds reasons why a service cannot be judged: damaged evidence, wrong clocks, bad inputs."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from stacktest.core import timestamps
from stacktest.core.freshness.inputs import Evidence, Policy, Present
from stacktest.core.freshness.reasons import Reason
from stacktest.core.freshness.states import State
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.status import StatusEntry
from stacktest.core.unknown import Unknown

WAS_DRIFTED = "was drifted, and now"


def find_errors(evidence: Evidence, present: Present, policy: Policy) -> Iterator[str]:
    """Reasons why the service cannot be judged; if there are any, no other state is reliable."""
    yield from present.errors
    yield from _bad_evidence(evidence, present, policy)
    for name, moment in _latest_moments(evidence).items():
        if timestamps.in_future(moment, present.now):
            when = timestamps.to_text(moment)
            yield Reason.of("clock", f"{name} is dated {when}, which is in the future")
    if isinstance(present.tests, Unknown):
        yield Reason.of("tests", present.tests.why)
    if isinstance(present.page, Unknown):
        yield Reason.of("doc", present.page.why)
    if isinstance(present.observation.containers, Unknown) and _was_drifted(evidence.previous):
        yield Reason.of("live", WAS_DRIFTED, present.observation.containers.why)


# Private


def _was_drifted(previous: StatusEntry | Unknown | None) -> bool:
    """Whether the service was drifted when its containers were last visible."""
    if not isinstance(previous, StatusEntry):
        return False
    reasons = map(Reason, previous.reasons)
    since = any(reason.kind == "live" and reason.subject == WAS_DRIFTED for reason in reasons)
    return previous.state is State.DRIFTED or since


def _bad_evidence(evidence: Evidence, present: Present, policy: Policy) -> Iterator[str]:
    records = {"last_pass": evidence.last_pass, "last_run": evidence.last_run}
    for name, document in {**records, "status": evidence.previous}.items():
        if isinstance(document, Unknown):
            yield Reason.of("evidence", name, document.why)
    if evidence.memory_damage:
        yield Reason.of("evidence", "last_runs", evidence.memory_damage)
    for name, record in records.items():
        if isinstance(record, LastPass | LastRun):
            yield from _foreign(name, record, present, policy)
            if record.fingerprint.is_newer:
                yield Reason.of("evidence", name, record.fingerprint.newer)
    match evidence.last_pass, evidence.last_run:
        case LastPass(run=passed), LastRun(run=last) if last.seq < passed.seq:
            yield Reason.of("evidence", "last_run is older than last_pass")


def _foreign(
    name: str, record: LastPass | LastRun, present: Present, policy: Policy
) -> Iterator[str]:
    if record.service != present.service:
        yield Reason.of("evidence", f"{name} is about {record.service!r}")
    stack = present.stack
    if policy.scope == "host" and not isinstance(stack, Unknown) and record.run.stack != stack:
        yield Reason.of("evidence", f"{name} comes from another stack, {record.run.stack!r}")


def _latest_moments(evidence: Evidence) -> Mapping[str, datetime]:
    """Record → the latest time in it, so that one wrong clock gives one reason per record."""
    latest: dict[str, datetime] = {}
    for name, moment in _moments(evidence):
        latest[name] = max(moment, latest.get(name, moment))
    return latest


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
