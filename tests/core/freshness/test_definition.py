"""Drift of a definition, by the hash of Compose and the keys that were edited."""

import pytest

from stacktest.core.freshness.container.differences import Differences
from stacktest.core.freshness.definition import (
    HASH_ALONE,
    HashMatch,
    definition_drift,
    is_match,
)

SAME, OTHER, UNKNOWN = HashMatch.SAME, HashMatch.OTHER, HashMatch.UNKNOWN


def keys(**found: str) -> Differences:
    return Differences(**{name: frozenset(text.split()) for name, text in found.items()})


def names(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def reasons(text: str) -> tuple[str, ...]:
    return tuple(f"definition:{key}" for key in text.split())


NOT_SHOWN = "live:not shown by the engine: "
DIFFERENCES = keys(
    certain="mem_limit security_opt user", possible="init logging", unseen="post_start provider"
)
EDITS = "logging post_start stop_signal"
"""One of the possible, one of the unseen, and one that the engine shows to be the same."""


@pytest.mark.parametrize(
    ("hash_match", "edited", "drifted", "not_shown", "matches"),
    [
        (SAME, None, "mem_limit user", "", True),
        (SAME, "", "mem_limit user", "", True),
        (SAME, EDITS, "mem_limit user", "", True),
        (UNKNOWN, "", "mem_limit", "", True),
        (UNKNOWN, EDITS, "logging mem_limit post_start security_opt user", "init, provider", False),
        (
            UNKNOWN,
            None,
            "mem_limit security_opt user",
            "init, logging, post_start, provider",
            False,
        ),
        (OTHER, "", "mem_limit security_opt user", "", False),
        (OTHER, EDITS, "logging mem_limit post_start security_opt user", "", False),
        (OTHER, None, "init logging mem_limit security_opt user", "", False),
    ],
)
def test_every_hash_with_every_record_of_edits(
    hash_match: HashMatch, edited: str | None, drifted: str, not_shown: str, matches: bool
) -> None:
    unverified = (NOT_SHOWN + not_shown,) if not_shown else ()
    answer = definition_drift(DIFFERENCES, hash_match, names(edited))
    assert answer == (reasons(drifted), unverified)
    assert is_match(DIFFERENCES, hash_match, names(edited)) is matches


@pytest.mark.parametrize("edited", [None, "", EDITS])
@pytest.mark.parametrize(("hash_match", "matches"), [(SAME, True), (UNKNOWN, True), (OTHER, False)])
def test_without_a_difference_only_another_hash_is_not_recorded_as_a_match(
    hash_match: HashMatch, edited: str | None, matches: bool
) -> None:
    assert is_match(Differences(), hash_match, names(edited)) is matches


@pytest.mark.parametrize(
    ("found", "hash_match", "edited", "drifted", "unverified"),
    [
        (keys(), UNKNOWN, "", (), ()),
        (keys(), UNKNOWN, None, (), ()),
        # It matched with all keys as they are now: the engine shows this one in another form.
        (keys(certain="user"), UNKNOWN, "", (), ()),
        (keys(certain="command"), OTHER, "", ("command",), ()),
        # Nobody remembers the container: whatever may explain another hash counts.
        (keys(possible="logging", unseen="post_start"), OTHER, None, reasons("logging"), ()),
        (keys(unseen="post_start"), OTHER, None, reasons("post_start"), ()),
        (keys(), OTHER, None, (), (HASH_ALONE,)),
        # A default that somebody wrote out has another hash, and nothing else was edited.
        (keys(), OTHER, "", (), ()),
        (keys(possible="logging", unseen="post_start"), OTHER, "restart", (), ()),
        (keys(possible="logging"), OTHER, "logging", reasons("logging"), ()),
        (keys(certain="user"), OTHER, "pre_stop", reasons("pre_stop user"), ()),
        (keys(), OTHER, "pre_stop", reasons("pre_stop"), ()),
        (keys(), UNKNOWN, "pre_stop", reasons("pre_stop"), ()),
        (keys(possible="init"), UNKNOWN, "init", reasons("init"), ()),
        # Most engines show this one; here it has an unknown form.
        (keys(unseen="ulimits"), OTHER, "ulimits", reasons("ulimits"), ()),
        (keys(unseen="ulimits"), UNKNOWN, "ulimits", reasons("ulimits"), ()),
    ],
)
def test_some_differences_alone(
    found: Differences,
    hash_match: HashMatch,
    edited: str | None,
    drifted: tuple[str, ...],
    unverified: tuple[str, ...],
) -> None:
    assert definition_drift(found, hash_match, names(edited)) == (drifted, unverified)
