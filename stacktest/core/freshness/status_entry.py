"""Makes the entry of one service in `status.json`.

`last_change` is the earliest evidence of the current fingerprint: the first time that a run or
`stacktest status` saw it, or the committer date of the change if everything is tracked and clean.
It is kept as long as the fingerprint stays the same, so it never moves because a tool was missing,
and a pass for the current fingerprint always began after it.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from stacktest.core import timestamps
from stacktest.core.fingerprint.compare import unknown_parts
from stacktest.core.freshness.inputs import Evidence, Policy, Present
from stacktest.core.freshness.judgement import Finding
from stacktest.core.freshness.reasons import YOUNGER, Reason, in_records
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.status import ABSENT, StatusEntry
from stacktest.core.unknown import Unknown

TICK = timedelta(milliseconds=1)
"""Keeps `last_change` before the pass: a run reads the fingerprint before its first test."""


def make_entry(
    evidence: Evidence, present: Present, policy: Policy, findings: tuple[Finding, ...]
) -> StatusEntry:
    """The entry; `findings` are sorted, the worst first."""
    state, reasons = findings[0].state, findings[0].reasons
    last_pass = evidence.last_pass if isinstance(evidence.last_pass, LastPass) else None
    previous = evidence.previous if isinstance(evidence.previous, StatusEntry) else None
    page = None if isinstance(present.page, Unknown) else present.page
    required, passed, flaky = _counts(evidence, present)
    record = FingerprintRecord.attest(present.observation.fingerprint)
    fingerprint = _fingerprint(last_pass, previous, record, functional=state.functional)
    return StatusEntry(
        status=state.status,
        fingerprint=fingerprint,
        last_change=_last_change(evidence, present, findings, fingerprint),
        last_test_pass=_last_test_pass(last_pass, previous),
        spoke_updated=page.updated if page else None,
        functional=state.functional,
        documented=page.holds(policy.doc_on) if page else False,
        state=state,
        reasons=in_records(reasons),
        also=tuple(finding.state for finding in findings[1:]),
        parts=record.parts,
        repo_fingerprint=record.repo,
        required=required,
        passed=passed,
        flaky=flaky,
        pass_fingerprint=last_pass.fingerprint.digest if last_pass else None,
        unverified=tuple(dict.fromkeys(_unverified(last_pass, present, policy))),
        run=_newest_run(evidence),
    )


# Private


def _newest_run(evidence: Evidence) -> int | None:
    """The highest run number in any record, so that an older record is recognized as older."""
    records, previous = (evidence.last_pass, evidence.last_run), evidence.previous
    numbers = [record.run.seq for record in records if isinstance(record, LastPass | LastRun)]
    numbers += [line.seq for line in evidence.newer_runs]
    if isinstance(previous, StatusEntry) and previous.run is not None:
        numbers.append(previous.run)
    return max(numbers, default=None)


def _last_test_pass(last_pass: LastPass | None, previous: StatusEntry | None) -> datetime | None:
    """Time of the last pass; of the previous status if the record is gone, to keep that visible."""
    if last_pass is not None:
        return last_pass.timestamp
    return previous.last_test_pass if previous else None


def _fingerprint(
    last_pass: LastPass | None,
    previous: StatusEntry | None,
    record: FingerprintRecord,
    *,
    functional: bool,
) -> str | None:
    """The present fingerprint, or the last recorded one if the present one is not known."""
    if last_pass and functional:
        return last_pass.fingerprint.digest
    other_key = last_pass is not None and last_pass.fingerprint.key_id != record.key_id
    if record.digest is not None and not other_key:
        return record.digest
    if previous is not None and previous.fingerprint is not None:
        return previous.fingerprint
    return last_pass.fingerprint.digest if last_pass else record.digest


def _last_change(
    evidence: Evidence,
    present: Present,
    findings: tuple[Finding, ...],
    fingerprint: str | None,
) -> datetime | None:
    if fingerprint is None:
        return None
    is_back = any("reverted" in finding.reasons for finding in findings)
    moments = [present.now, *_attested(evidence, fingerprint, is_back=is_back)]
    if present.changed_on is not None and _is_repo_change(evidence, present):
        moments.append(present.changed_on)
    return min(moments)


def _is_repo_change(evidence: Evidence, present: Present) -> bool:
    """Whether the last commit made the present fingerprint.

    If an image or a variable changed since the last status or pass, the commit is older than that.
    """
    now, previous = FingerprintRecord.attest(present.observation.fingerprint), evidence.previous
    if isinstance(previous, StatusEntry):
        # A fingerprint that is already in the status was dated when it was new.
        is_new = previous.fingerprint != now.digest
        return is_new and previous.repo_fingerprint != now.repo
    if isinstance(evidence.last_pass, LastPass):
        passed = evidence.last_pass.fingerprint
        is_same = passed.digest == now.digest
        return is_same or passed.repo != now.repo
    return True


def _attested(evidence: Evidence, fingerprint: str, *, is_back: bool) -> Iterator[datetime]:
    """Times of records with this fingerprint; after a return to it, only that of the status."""
    previous = evidence.previous
    stands = isinstance(previous, StatusEntry) and previous.fingerprint == fingerprint
    if isinstance(previous, StatusEntry) and stands and previous.last_change is not None:
        yield previous.last_change
    if is_back:
        return
    last_pass, last_run = evidence.last_pass, evidence.last_run
    if isinstance(last_pass, LastPass) and last_pass.fingerprint.digest == fingerprint:
        yield min(last_pass.run.started, last_pass.timestamp - TICK)
    if isinstance(last_run, LastRun) and last_run.fingerprint.digest == fingerprint:
        yield last_run.run.started


def _counts(evidence: Evidence, present: Present) -> tuple[int, int, int]:
    """Required tests now; passed and flaky tests of the last finished run."""
    last_pass, last_run = evidence.last_pass, evidence.last_run
    required, passed, flaky = 0, 0, 0
    if isinstance(last_pass, LastPass):
        required, passed = last_pass.tests.required, last_pass.tests.passed
    if isinstance(last_run, LastRun) and last_run.is_finished and last_run.verdict != "untouched":
        passed, flaky = last_run.tests.passed, last_run.tests.flaky
    if not isinstance(present.tests, Unknown):
        required = present.tests.required
    return required, passed, flaky


def _younger_volumes(last_pass: LastPass | None, present: Present) -> Iterator[str]:
    """Volumes that no container of the pass can have mounted, by the engine's own clock."""
    starts = [ref.started_at for ref in last_pass.live] if last_pass else []
    for name, created in sorted(present.observation.volumes.items()):
        with suppress(ValueError):
            if starts and timestamps.parse(created) > max(map(timestamps.parse, starts)):
                yield Reason.of("volume", name, YOUNGER)


def _unverified(last_pass: LastPass | None, present: Present, policy: Policy) -> Iterator[str]:
    yield from present.observation.unverified
    if last_pass is not None:
        yield from unknown_parts(last_pass.fingerprint, present)
    known = {**present.observation.fingerprint.parts, "repo": present.observation.fingerprint.repo}
    for part, value in known.items():
        if isinstance(value, Unknown):
            yield f"part:{part}: {value.why}"
    if isinstance(present.observation.containers, Unknown):
        yield f"live:{present.observation.containers.why}"
    elif not present.observation.containers:
        yield ABSENT
    yield from _younger_volumes(last_pass, present)
    for name, now in sorted(present.observation.dependency_digests.items()):
        if isinstance(now, Unknown):
            yield f"dependency:{name}: {now.why}"
    if present.page is not None and not isinstance(present.page, Unknown):
        yield from (reason for reason in present.page.reasons if reason == "doc_uncommitted")
    if policy.scope == "repo":
        yield "scope:repo"
