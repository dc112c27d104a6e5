"""Claims that documents make about the stack, and whether the newest runs confirm them.

true         every test that states it passed in its newest run
false        a test that states it failed by an assertion, known before or not
not judged   its tests did not run to the end, or failed outside of their assertions
no test      no test states it
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from stacktest.core.json_data import Json

if TYPE_CHECKING:
    from stacktest.core.records.documents import HistoryLine

Word = Literal["true", "false", "not judged", "no test"]
WORDS: tuple[Word, ...] = ("true", "false", "not judged", "no test")

TRUE, FALSE = frozenset({".", "~", "K"}), frozenset({"k", "F"})
"""Letters of the history: `K` failed since a claim marked false holds now, `k` as expected."""


class Claim(Struct, frozen=True, kw_only=True):
    """One claim as a document, a list or a test states it."""

    id: str
    text: str = ""
    source: str = ""
    holds: bool = True
    """False: the claim is known to be false, so its test is expected to fail by an assertion."""
    until: str = ""
    """The last day on which the claim may be false, `2027-03-31`; empty: no limit."""

    def is_overdue(self, today: dt.date) -> bool:
        """Whether the last day on which the claim may be false has passed."""
        return bool(self.until) and dt.date.fromisoformat(self.until) < today


class ListedClaim(Struct, frozen=True, kw_only=True):
    """A claim of `claims.toml`, and the reason why no test states it, if the file gives one."""

    claim: Claim
    why: str = ""


class ClaimTest(Struct, frozen=True, kw_only=True):
    """A test that states a claim."""

    nodeid: str
    services: tuple[str, ...]
    claim: Claim


class JudgedClaim(Struct, frozen=True, kw_only=True):
    """A claim, its result, and the tests and the run that the result is based on."""

    claim: Claim
    word: Word
    note: str = ""
    """Why it is not judged, or has no test."""
    tests: tuple[str, ...] = ()
    run: str = ""
    """The oldest of the runs that the result is based on."""
    fingerprints: Mapping[str, str | None] = field(default_factory=dict)
    """Service → its fingerprint's digest in the run of the test's result; None: not known."""

    def as_json(self) -> Json:
        """The entry of the JSON output."""
        return {
            "id": self.claim.id,
            "text": self.claim.text,
            "source": self.claim.source,
            "result": self.word,
            "known_false": not self.claim.holds,
            "until": self.claim.until or None,
            "note": self.note,
            "tests": list(self.tests),
            "run": self.run or None,
            "fingerprints": dict(self.fingerprints),
        }


def judge_claims(
    listed: Iterable[ListedClaim],
    tests: Iterable[ClaimTest],
    histories: "Mapping[str, Sequence[HistoryLine]]",
) -> tuple[JudgedClaim, ...]:
    """Judges every claim; those of the list come first, in its order."""
    by_id: dict[str, list[ClaimTest]] = {}
    for test in tests:
        by_id.setdefault(test.claim.id, []).append(test)
    known = {item.claim.id: item for item in listed}
    order = [*known, *sorted(set(by_id) - set(known), key=_natural)]
    return tuple(_judged(id_, known.get(id_), by_id.get(id_, []), histories) for id_ in order)


# Private


class _Result(Struct, frozen=True, kw_only=True):
    letter: str
    line: "HistoryLine"


def _judged(
    id_: str,
    listed: ListedClaim | None,
    tests: Sequence[ClaimTest],
    histories: "Mapping[str, Sequence[HistoryLine]]",
) -> JudgedClaim:
    claim = _merged(id_, listed, tests)
    if not tests:
        return JudgedClaim(claim=claim, word="no test", note=listed.why if listed else "")
    results = [_newest(test, histories) for test in tests]
    word, note = _word(tests, results)
    known = [result for result in results if result is not None]
    oldest = min((result.line for result in known), key=lambda line: line.seq, default=None)
    return JudgedClaim(
        claim=claim,
        word=word,
        note=note,
        tests=tuple(test.nodeid for test in tests),
        run=oldest.run if oldest else "",
        fingerprints={item.line.service: item.line.fingerprint.digest for item in known},
    )


def _merged(id_: str, listed: ListedClaim | None, tests: Sequence[ClaimTest]) -> Claim:
    """One claim from the tests' statements and the list; an empty text or source is filled in."""
    claims = [*(test.claim for test in tests), *([listed.claim] if listed else [])]
    return Claim(
        id=id_,
        text=next((claim.text for claim in claims if claim.text), ""),
        source=next((claim.source for claim in claims if claim.source), ""),
        holds=all(claim.holds for claim in claims),
        until=min((claim.until for claim in claims if claim.until), default=""),
    )


def _newest(test: ClaimTest, histories: "Mapping[str, Sequence[HistoryLine]]") -> _Result | None:
    """The newest result of the test in the histories of the services that it names."""
    lines = [
        line
        for name in test.services
        for line in histories.get(name, ())
        if test.nodeid in line.tests
    ]
    newest = max(lines, key=lambda line: line.seq, default=None)
    return _Result(letter=newest.tests[test.nodeid], line=newest) if newest else None


def _word(tests: Sequence[ClaimTest], results: Sequence[_Result | None]) -> tuple[Word, str]:
    pairs = list(zip(tests, results, strict=True))
    if any(result is not None and result.letter in FALSE for _, result in pairs):
        return "false", ""
    for test, result in pairs:
        if not test.services:
            return "not judged", f"{test.nodeid} names no service, so no record keeps its result"
        if result is None:
            return "not judged", f"{test.nodeid} has not run"
        if result.letter not in TRUE:
            return "not judged", f"{test.nodeid} {_LETTERS.get(result.letter, 'did not end')}"
    return "true", ""


_LETTERS = {
    "E": "failed outside of its assertions",
    "s": "was skipped",
    "x": "was expected to fail",
    "X": "was expected to fail, although it passed",
}


def _natural(text: str) -> tuple[str, int, str]:
    """A sort key that puts `A2` before `A10`."""
    head = text.rstrip("0123456789")
    number = text[len(head) :]
    return head, int(number or 0), text
