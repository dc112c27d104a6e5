"""What the failures of a run said, and its tests with their parameters: never committed.

A record says `suites/test_a.py::test_b[path#2] failed`; the text says which path it was, and why.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from msgspec import Struct, field

from stacktest.core.freshness.reasons import Reason
from stacktest.core.json_data import Json
from stacktest.core.records.documents import LastRun
from stacktest.core.records.strict_json import Fields
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import Outcome, Verdict


class RunTexts(Struct, frozen=True, kw_only=True):
    """The texts of one run's failures of one service."""

    run: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    """Sentence of the record → the same with its text."""
    tests: Mapping[str, str] = field(default_factory=dict)
    """Name of a test in the record → as pytest wrote it."""
    diagnosis: str = ""
    """The cause of its failure in one sentence, where the facts decided it."""
    command: str = ""
    """What to do about the failure."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Name of a failed test in the record → the page of its evidence, below pytest's folder."""

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {
            "run": self.run,
            "sentences": dict(self.sentences),
            "tests": dict(self.tests),
            "diagnosis": self.diagnosis,
            "command": self.command,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_dict(cls, value: Json, path: str) -> Self:
        """The reverse of `to_dict`."""
        later = ("diagnosis", "command", "evidence")
        f = Fields(value, path, ("run", "sentences", "tests"), later=later)
        return cls(
            run=f.text("run"),
            sentences=f.text_map("sentences"),
            tests=f.text_map("tests"),
            diagnosis=f.optional_text("diagnosis") or "",
            command=f.optional_text("command") or "",
            evidence={} if f.raw("evidence")[0] is None else f.text_map("evidence"),
        )

    def failure(self, test: str) -> str:
        """How a test of the record failed, with its text; empty: it is not known."""
        endings = ("failed", "failed outside its body")
        sentences = (self.sentences.get(f"{test} {ending}", "") for ending in endings)
        return self.with_names(next(filter(None, sentences), ""))

    def with_names(self, sentence: str) -> str:
        """The sentence with the tests as pytest wrote them."""
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
    """The texts of a run whose record has the sentences `recorded`, and that said `full`.

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
    """Service → what a run said of it; `tests` are each service's, as pytest wrote them."""
    return {
        name: texts_of(
            run, verdict.recorded, verdict.reasons, tests[name], **_notes(outcomes, name)
        )
        for name, verdict in verdicts.items()
    }


def texts_of_starts(run: str, failures: Mapping[str, StartFailure]) -> dict[str, RunTexts]:
    """Service → why it was not up in a run, and what to do."""
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
    """What is known here of the run that a service's record is of; None: nothing."""
    last = record.run.id if isinstance(record, LastRun) else ""
    return next((texts for texts in reversed(tuple(runs)) if texts.run == last), None)


def command_of_last_run(record: object, runs: Iterable[RunTexts], now: object) -> str:
    """What its last run said to do; empty once the service is another than in that run.

    `now` is the service's digest.
    """
    texts = texts_of_last_run(record, runs)
    before = record.fingerprint.digest if isinstance(record, LastRun) else None
    return texts.command if texts and before in (None, now) else ""


def with_text(reason: str, runs: Iterable[RunTexts]) -> str:
    """The reason with what is known of it on this machine; `runs` are those of its service."""
    known = Reason(reason)
    for run in reversed(tuple(runs)):
        if known.kind in ("run", "start") and known.subject in run.sentences:
            return Reason.of(known.kind, run.with_names(run.sentences[known.subject]))
        if known.kind == "test" and (sentence := run.failure(known.subject)):
            return sentence
    return reason


def lacks_text(reasons: Iterable[str], runs: Iterable[RunTexts]) -> bool:
    """Whether a test failed, and this machine does not know what it said."""
    runs = tuple(runs)
    tests = [reason for reason in reasons if Reason(reason).kind == "test"]
    return any(with_text(reason, runs) == reason for reason in tests)


# Private


def _notes(outcomes: Sequence[Outcome], service: str) -> dict[str, Any]:
    """What else is known of the failed tests of a service: fields of its `RunTexts`."""
    failed = [outcome for outcome in outcomes if service in outcome.services and outcome.evidence]
    diagnosed = next((outcome for outcome in failed if outcome.diagnosis), None)
    return {
        "diagnosis": diagnosed.diagnosis if diagnosed else "",
        "command": diagnosed.command if diagnosed else "",
        "evidence": {outcome.nodeid: outcome.evidence for outcome in failed},
    }
