"""Why a service is in its state: since when, and the changes per part, by name without values.

redis is failing
  redis has no space left at /data: MISCONF Errors writing to the AOF file: No space left on device
config   changed: configs/redis/redis.conf
env      changed: REDIS_MAXMEMORY; added: REDIS_LOG
last pass 2026-11-19 03:10 on 099f67df70ebaea5, by 7 tests
history   steady: it passes, and did so before
backup    restorable: the backup of 2026-11-19 03:10 UTC was restored in 1.2 s
next      pytest --stale
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from stacktest.core.backups.states import BackupJudgement, BackupState
from stacktest.core.fingerprint.fingerprint import (
    PARTS,
    Fingerprint,
    changes,
    compare,
    routes_apart,
)
from stacktest.core.freshness.inputs import Evidence
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.next_step import NextStep
from stacktest.core.freshness.reasons import YOUNGER, Reason
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.records.status import BackupEntry
from stacktest.core.runs.history import classify
from stacktest.core.unknown import Unknown
from stacktest.reports.terminal.history import course_words
from stacktest.reports.terminal.left_out import left_out_document, left_out_lines
from stacktest.reports.wording import backup_sentence, count


def why_lines(
    judgement: Judgement,
    evidence: Evidence,
    now: Fingerprint,
    history: Sequence[HistoryLine],
    *,
    most: int | None = 5,
    next_step: NextStep | None = None,
    backup: BackupJudgement | None = None,
    texts: RunTexts | None = None,
) -> Iterator[str]:
    """The state, its cause, reasons, changes, the last pass, the trend, and the next command.

    `texts` are the messages of its last run, if this machine has them.
    """
    since = _minute(judgement.entry.last_change)
    yield f"{judgement.service} is {judgement.state.value}" + (
        f"; as it is now since {since}" if since else ""
    )
    if texts and texts.diagnosis:
        yield f"  {texts.diagnosis}"
    cause = f"start:{texts.diagnosis}" if texts else ""
    known = [reason for finding in judgement.findings for reason in finding.reasons]
    changed = _changed(evidence, now, known)
    rows = [row for row in (*changed, *_other_reasons(judgement)) if row != cause]
    if judgement.state is State.FAILING:
        rows.sort(key=lambda row: not isinstance(row, Reason))
    shown = rows if most is None else rows[:most]
    yield from (f"  {row}" for row in shown)
    if len(shown) < len(rows):
        others = count(len(rows) - len(shown), "other")
        yield f"  and {others}: stacktest why {judgement.service} --all"
    yield from _also(judgement, texts.diagnosis if texts else "")
    for page in dict.fromkeys(texts.evidence.values() if texts else ()):
        yield f"evidence  {page}"
    yield from _pass(evidence, now, history)
    for reason in map(Reason, judgement.entry.unverified):
        if reason.note == YOUNGER:
            yield f"volume    {reason.sentence}"
    yield f"history   {course_words(classify(history))}"
    yield from left_out_lines(now.left_out)
    if backup is not None:
        yield f"backup    {backup.state.value}: {backup_sentence(BackupEntry.of(backup))}"
        if backup.state is not BackupState.RESTORABLE:
            yield f"          {backup.command}"
    if judgement.state is not State.FUNCTIONAL:
        step = (next_step or NextStep()).out_of(judgement.service, judgement.findings)
        yield f"next      {step}"


def why_document(
    judgement: Judgement,
    evidence: Evidence,
    now: Fingerprint,
    history: Sequence[HistoryLine],
    *,
    next_step: NextStep | None = None,
    backup: BackupJudgement | None = None,
    texts: RunTexts | None = None,
) -> Json:
    """The explanation as a JSON document."""
    step = (next_step or NextStep()).out_of(judgement.service, judgement.findings)
    course = classify(history)
    then = _then(evidence)
    return {
        "service": judgement.service,
        "state": judgement.state.value,
        "reasons": list(judgement.reasons),
        "unverified": list(judgement.entry.unverified),
        "also": [finding.state.value for finding in judgement.findings[1:]],
        "changes": [
            {
                "part": change.part,
                "added": list(change.added),
                "changed": list(change.changed),
                "removed": list(change.removed),
            }
            for change in (routes_apart(changes(then, now)) if then else ())
        ],
        "fingerprint": now.to_json(),
        "last_pass": evidence.last_pass.to_dict()
        if isinstance(evidence.last_pass, LastPass)
        else None,
        "left_out": left_out_document(now.left_out),
        "history": {"trend": course.trend, "runs": course.runs, "failures": course.failures},
        "diagnosis": (texts.diagnosis if texts else "") or None,
        "command": None if judgement.state is State.FUNCTIONAL else step,
        "evidence": sorted(set(texts.evidence.values())) if texts else [],
        **({"backup": BackupEntry.of(backup).to_dict()} if backup else {}),
    }


# Private


def _then(evidence: Evidence) -> Fingerprint | None:
    last_pass = evidence.last_pass
    if not isinstance(last_pass, LastPass):
        return None
    return last_pass.fingerprint.as_fingerprint(evidence.detail)


def _changed(evidence: Evidence, now: Fingerprint, reasons: Sequence[str]) -> Iterator[str]:
    """The changes per part, or why parts cannot be compared, if no reason already says so."""
    then = _then(evidence)
    if then is None or now.carried.get(then.version) == then.digest:
        # Carried over from an older version: nothing changed, and parts are not comparable.
        return
    kinds_told = {reason.kind for reason in map(Reason, reasons)}
    for change in routes_apart(changes(then, now)):
        if change.part == "route" and change.part in kinds_told:
            continue
        kinds = {"changed": change.changed, "added": change.added, "deleted": change.removed}
        lines = [
            f"{word} {len(names)}: {', '.join(names)}" for word, names in kinds.items() if names
        ]
        yield f"{change.part:<8} {'; '.join(lines) or 'changed; its names are not known here'}"
    for part, same in compare(then, now).items():
        if isinstance(same, Unknown) and not any(why.endswith(same.why) for why in reasons):
            yield f"{part:<8} cannot be compared: {same.why}"


def _other_reasons(judgement: Judgement) -> Iterator[str]:
    for reason in map(Reason, judgement.reasons):
        if judgement.state is not State.CHANGED or reason.kind not in PARTS:
            yield reason


def _also(judgement: Judgement, cause: str) -> Iterator[str]:
    """The other states that hold, with their reasons; the cause of the first is not repeated."""
    for finding in judgement.findings[1:]:
        others = [reason for reason in finding.reasons if reason != f"run:{cause}"]
        yield f"also      {finding.state.value}" + (f": {'; '.join(others)}" if others else "")


def _pass(evidence: Evidence, now: Fingerprint, history: Sequence[HistoryLine]) -> Iterator[str]:
    last_pass = evidence.last_pass
    if not isinstance(last_pass, LastPass):
        yield "last pass never" if last_pass is None else f"last pass unreadable: {last_pass.why}"
        return
    yield (
        f"last pass {_minute(last_pass.timestamp)} on {last_pass.fingerprint.digest}, "
        f"by {count(last_pass.tests.passed, 'test')}"
    )
    earlier = [
        line
        for line in history
        if line.credited
        and line.fingerprint.digest == now.digest
        and line.fingerprint.digest != last_pass.fingerprint.digest
    ]
    if earlier:
        yield f"reverted  to a fingerprint that passed on {_minute(earlier[-1].started)}"


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else ""
