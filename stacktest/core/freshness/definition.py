"""Drift of a service's definition: whether its container was created from the one in the files.

The engine shows most keys, and `differences` compares them. Two more kinds of evidence decide about
the others: Compose's hash of the definition, and the keys that were edited since the container last
matched the files, as this machine recorded it.

    hash      edited keys    drift                              not verified
    -------   ------------   --------------------------------   -------------------------------
    same      any            certain, CHANGEABLE or COPIED      none
    unknown   none           certain and CHANGEABLE             none
    unknown   some           certain; edited and not SHOWN      possible and unseen, not edited
    unknown   not recorded   certain                            possible and unseen
    other     none or some   certain; edited and not SHOWN      none
    other     not recorded   certain and possible, or unseen    HASH_ALONE if there is no drift

"Edited and not SHOWN" includes an edited key that is possible, or unseen since this engine shows it
in an unknown form. "Or unseen" means: the unseen keys if no key is certain or possible.
"""

from collections.abc import Iterable
from enum import Enum

from stacktest.core.freshness.container.differences import (
    CHANGEABLE,
    COPIED,
    SHOWN,
    Differences,
)
from stacktest.core.freshness.drift import Reasons

HASH_ALONE = "live:definition: Compose hashes it otherwise, and the engine shows no difference"
"""Either a default was written out, or a key was removed that no engine shows."""


class HashMatch(Enum):
    """The hash in the container's label, compared with Compose's hash of the files."""

    SAME = "same"
    """Compose would create the same container."""
    OTHER = "other"
    """Compose would create another container: a key was edited, or a default was written out."""
    UNKNOWN = "unknown"
    """A hash is missing; or they differ, and another cause than an edit is possible."""


def definition_drift(
    outcome: Differences, hash_match: HashMatch, edited: frozenset[str] | None
) -> tuple[Reasons, Reasons]:
    """Drift of the service definition, and what could not be verified of it.

    `edited` are the keys that were edited since the container last matched the files; None if that
    is not recorded.
    """
    match hash_match, edited:
        case HashMatch.SAME, _:
            # The hash is a label: programs that recreate a container with other settings copy it.
            return _reasons(outcome.certain & (CHANGEABLE | COPIED)), ()
        case HashMatch.UNKNOWN, frozenset(keys) if not keys:
            return _reasons(outcome.certain & CHANGEABLE), ()
        case HashMatch.UNKNOWN, frozenset(keys):
            return _edited(outcome, keys), _not_shown(outcome, but=keys)
        case HashMatch.UNKNOWN, _:  # edits are not recorded
            return _reasons(outcome.certain), _not_shown(outcome)
        case HashMatch.OTHER, frozenset(keys):
            return _edited(outcome, keys), ()
        case HashMatch.OTHER, _:  # edits are not recorded
            causes = outcome.certain | outcome.possible or outcome.unseen
            return _reasons(causes), () if causes else (HASH_ALONE,)


def is_match(outcome: Differences, hash_match: HashMatch, edited: frozenset[str] | None) -> bool:
    """Whether a container without drift may be recorded as one that matches the files.

    If it were recorded despite another hash, an edit that the engine does not show would be lost.
    """
    match hash_match:
        case HashMatch.SAME:
            return True
        case HashMatch.OTHER:
            return False
        case HashMatch.UNKNOWN:
            return edited == frozenset() or outcome == Differences()


# Private


def _edited(outcome: Differences, keys: frozenset[str]) -> Reasons:
    hidden = outcome.possible | outcome.unseen
    return _reasons(outcome.certain | (keys - SHOWN) | (keys & hidden))


def _reasons(keys: Iterable[str]) -> Reasons:
    bare = ("command", "entrypoint")
    return tuple(key if key in bare else f"definition:{key}" for key in sorted(keys))


def _not_shown(outcome: Differences, *, but: frozenset[str] = frozenset()) -> Reasons:
    keys = sorted((outcome.possible | outcome.unseen) - but)
    return (f"live:not shown by the engine: {', '.join(keys)}",) if keys else ()
