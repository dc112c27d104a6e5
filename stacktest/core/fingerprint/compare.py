"""Whether a service is still what a record says that it was, part by part.

| now and then                                   | the part has                        |
|------------------------------------------------|-------------------------------------|
| both known, equal                              | not moved                           |
| both known, different                          | moved, and the reason is its name   |
| either unknown, or signed with different keys  | neither: it is *unknown*            |

The fingerprint as a whole is only compared where every part is known. What the repository alone
says (`repo_fingerprint`) speaks where a part is unknown: it may have moved without any part having
done so (a port rewritten from its short to its long form), so the parts have the last word.
"""

from collections.abc import Mapping

from stacktest.core.fingerprint.fingerprint import changes, compare
from stacktest.core.freshness.inputs import Policy, Present
from stacktest.core.records.common import Live, Mark
from stacktest.core.unknown import Unknown

SAID_BY_REPO = ("config", "env", "stanza", "build")
"""Parts that can only move when the repository, or a value from outside of it, moves."""

NAMED = ("config", "build")
"""Parts whose ingredients are files; names of variables stay out of committed files."""

Detail = Mapping[str, Mapping[str, str]]
"""Part → name of an ingredient → its digest."""


def moved(
    then: Mark, present: Present, policy: Policy, detail: Detail | None = None
) -> tuple[str, ...]:
    """Why the service is no longer what `then` says, as tags; empty: nothing that is known moved.

    `detail` holds the ingredients behind `then`, where this machine has them.
    """
    now = present.fingerprint
    if policy.scope == "repo":
        return ("repo",) if _repo_moved(then, present) else ()
    if then.v != now.version:
        carried = then.fingerprint is not None and present.carried.get(then.v) == then.fingerprint
        return () if carried else ("fingerprint_version",)
    tags: list[str] = []
    for change in changes(then.as_fingerprint(detail), now):
        named = change.part in NAMED and detail and detail.get(change.part)
        tags += change.reasons if named else (change.part,)
    if tags or unknown_parts(then, present):
        return tuple(tags) or (("repo",) if _repo_moved(then, present) else ())
    return ()


def unknown_parts(then: Mark, present: Present) -> tuple[str, ...]:
    """Parts that cannot be compared, each with the reason: `part:image: no container engine`."""
    now = present.fingerprint
    if then.v != now.version:
        return ()
    return tuple(
        f"part:{part}: {same.why}"
        for part, same in compare(then.as_fingerprint(), now).items()
        if isinstance(same, Unknown)
    )


def same_containers(then: tuple[Live, ...], now: tuple[Live, ...] | Unknown) -> bool:
    """Whether the very same containers run since then: none recreated, none restarted."""
    return not isinstance(now, Unknown) and bool(now) and set(then) == set(now)


# Private


def _repo_moved(then: Mark, present: Present) -> bool:
    """Whether the repository says something else, and no complete set of parts contradicts it."""
    now = present.fingerprint
    if then.repo_fingerprint is None or isinstance(now.repo, Unknown):
        return False
    if then.repo_fingerprint == now.repo:
        return False
    if then.v != now.version:
        return True
    same = compare(then.as_fingerprint(), now)
    return not all(same.get(part) is True for part in SAID_BY_REPO)
