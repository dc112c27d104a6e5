"""A reason is one string for programs, and has a kind, a subject, a note and a sentence for people."""

import pytest

from stacktest.core.freshness.reasons import KINDS, Reason

TABLE = [
    ("env", ("env", "", ""), "its environment changed"),
    ("env:GF_URL", ("env", "GF_URL", ""), "the variable GF_URL differs"),
    ("config:a: b.conf", ("config", "a: b.conf", ""), "a: b.conf changed"),
    ("dependency:db", ("dependency", "db", ""), "db, which it depends on, changed"),
    ("dependency:db:added", ("dependency", "db", "added"), "db is a new dependency"),
    (
        "dependency:db: no image",
        ("dependency", "db", "no image"),
        "db: no image, which it depends on, changed",
    ),
    ("part:env: no key", ("part", "env", "no key"), "not known: env: no key"),
    ("tests:edited", ("tests", "edited", ""), "its tests were edited"),
    ("tests:added 2", ("tests", "added 2", ""), "its tests: added 2"),
    ("test:a.py::test_b[x:y]", ("test", "a.py::test_b[x:y]", ""), "a.py::test_b[x:y] failed"),
    ("run:unfinished", ("run", "unfinished", ""), "its last run never came to its end"),
    (
        "moved during the tests",
        ("moved during the tests", "", ""),
        "it was changed while its tests ran",
    ),
    (
        "evidence:last_pass: not JSON",
        ("evidence", "last_pass", "not JSON"),
        "its record: last_pass: not JSON",
    ),
]


@pytest.mark.parametrize(("text", "parts", "sentence"), TABLE)
def test_a_reason_is_read_as_it_was_made(
    text: str, parts: tuple[str, str, str], sentence: str
) -> None:
    reason = Reason(text)
    assert (reason.kind, reason.subject, reason.note) == parts
    assert reason.sentence == sentence
    assert Reason.of(*parts) == text


@pytest.mark.parametrize("text", ["not in status.json", "unknown:tag", ""])
def test_a_sentence_of_no_kind_is_its_own_sentence(text: str) -> None:
    reason = Reason(text)
    assert (reason.kind, reason.subject, reason.note) == ("", "", "")
    assert reason.sentence == text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_sentence(kind: str) -> None:
    how = KINDS[kind]
    assert how.alone or how.about
    assert Reason.of(kind, "x" if how.about else "").sentence != Reason.of(kind)
    assert "{" not in Reason.of(kind, "x").sentence
