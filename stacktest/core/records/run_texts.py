"""Failure messages of a run, and its tests' names with parameters: never committed.

A record has `suites/test_a.py::test_b[path#2] failed`; the text has the path, and the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import field

from stacktest.core.freshness.reasons import Reason
from stacktest.core.records.documents import LastRun
from stacktest.core.records.plain import PlainRecord
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Outcome, Verdict


class RunTexts(PlainRecord, frozen=True, kw_only=True):
    """The texts of one run's failures of one service."""

    LATER = ("diagnosis", "command", "evidence")

    run: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    """Sentence in the record → the sentence with its failure message."""
    tests: Mapping[str, str] = field(default_factory=dict)
    """Name of a test in the record → pytest's node id with parameters."""
    diagnosis: str = ""
    """The cause of its failure in one sentence; empty: not known."""
    command: str = ""
    """The command of the diagnosis."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Name of a failed test in the record → its evidence page, relative to pytest's folder."""

    def failure(self, test: str) -> str:
        """The failure message of a test in the record; empty: not known."""
        endings = ("failed", "failed outside its body")
        sentences = (self.sentences.get(f"{test} {ending}", "") for ending in endings)
        return self.with_names(next(filter(None, sentences), ""))

    def with_names(self, sentence: str) -> str:
        """The sentence with pytest's node ids in place of the record's names."""
        for name, full in self.tests.items():
            sentence = sentence.replace(name, full)
        return sentence


def texts_of(
    run: str,
    recorded: Iterable[str],
    full: Iterable[str],
    tests: Mapping[str, str],
    **notes: Any,
) -> RunTexts:
    """The texts of a run: `recorded` are the record's sentences, `full` those with messages.

    `notes` are further fields.
    """
    pairs = zip(tuple(recorded), tuple(full), strict=False)
    return RunTexts(
        run=run,
        sentences={bare: sentence for bare, sentence in pairs if bare != sentence},
        tests={name: test for name, test in tests.items() if test not in ("", name)},
        **notes,
    )


def texts_of_verdicts(
    run: str,
    verdicts: Mapping[str, Verdict],
    tests: Mapping[str, Mapping[str, str]],
    outcomes: Sequence[Outcome],
) -> dict[str, RunTexts]:
    """Service → the texts of its verdict; `tests`: service → record's test name → node id."""
    return {
        name: texts_of(
            run, verdict.recorded, verdict.reasons, tests[name], **_notes(outcomes, name)
        )
        for name, verdict in verdicts.items()
    }


def texts_of_starts(run: str, failures: Mapping[str, StartFailure]) -> dict[str, RunTexts]:
    """Service → the texts of its failed start: the cause, and the command of its hint."""
    return {
        name: texts_of(
            run,
            [failure.recorded],
            [failure.cause],
            {},
            diagnosis=failure.cause,
            command=failure.hint,
        )
        for name, failure in failures.items()
    }


def texts_of_last_run(record: object, runs: Iterable[RunTexts]) -> RunTexts | None:
    """The local texts for the run of a service's record; None: there are none."""
    last = record.run.id if isinstance(record, LastRun) else ""
    return next((texts for texts in reversed(tuple(runs)) if texts.run == last), None)


def command_of_last_run(record: object, runs: Iterable[RunTexts], now: object) -> str:
    """The command of the last run's diagnosis; empty if the service changed since that run.

    `now` is the service's present digest.
    """
    texts = texts_of_last_run(record, runs)
    before = record.fingerprint.digest if isinstance(record, LastRun) else None
    return texts.command if texts and before in (None, now) else ""


def with_text(reason: str, runs: Iterable[RunTexts]) -> str:
    """The reason with its failure message, if this machine has it; `runs`: its service's texts."""
    known = Reason(reason)
    for run in reversed(tuple(runs)):
        if known.kind in ("run", "start") and known.subject in run.sentences:
            return Reason.of(known.kind, run.with_names(run.sentences[known.subject]))
        if known.kind == "test" and (sentence := run.failure(known.subject)):
            return sentence
    return reason


def lacks_text(reasons: Iterable[str], runs: Iterable[RunTexts]) -> bool:
    """Whether a test failed whose message this machine does not have."""
    runs = tuple(runs)
    tests = [reason for reason in reasons if Reason(reason).kind == "test"]
    return any(with_text(reason, runs) == reason for reason in tests)


# Private


def _notes(outcomes: Sequence[Outcome], service: str) -> dict[str, Any]:
    """Diagnosis, command and evidence of a service's failed tests, as fields of `RunTexts`."""
    failed = [outcome for outcome in outcomes if service in outcome.services and outcome.evidence]
    diagnosed = next((outcome for outcome in failed if outcome.diagnosis), None)
    return {
        "diagnosis": diagnosed.diagnosis if diagnosed else "",
        "command": diagnosed.command if diagnosed else "",
        "evidence": {outcome.nodeid: outcome.evidence for outcome in failed},
    }
