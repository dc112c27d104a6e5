"""What the failures of a run said, and its tests with their parameters: never committed.

A record says `suites/test_a.py::test_b[path#2] failed`; the text says which path it was, and why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from stacktest.core.freshness.reasons import Reason
from stacktest.core.model import Json
from stacktest.core.records.strict_json import Fields


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTexts:
    """What one run said of one service."""

    run: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    """Sentence of the record → the same with its text."""
    tests: Mapping[str, str] = field(default_factory=dict)
    """Name of a test in the record → as pytest wrote it."""

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {"run": self.run, "sentences": dict(self.sentences), "tests": dict(self.tests)}

    @classmethod
    def from_dict(cls, value: Json, path: str) -> Self:
        """The reverse of `to_dict`."""
        f = Fields(value, path, ("run", "sentences", "tests"))
        return cls(run=f.text("run"), sentences=f.text_map("sentences"), tests=f.text_map("tests"))

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
    run: str, recorded: Iterable[str], full: Iterable[str], tests: Mapping[str, str]
) -> RunTexts:
    """The texts of a run whose record has the sentences `recorded`, and that said `full`."""
    pairs = zip(tuple(recorded), tuple(full), strict=False)
    return RunTexts(
        run=run,
        sentences={bare: sentence for bare, sentence in pairs if bare != sentence},
        tests={name: test for name, test in tests.items() if test not in ("", name)},
    )


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
