"""Compares a service with the fingerprint in a record, part by part.

| part in the record and now                     | result                              |
|------------------------------------------------|-------------------------------------|
| both known, equal                              | not moved                           |
| both known, different                          | moved; its name is the reason       |
| either unknown, or signed with different keys  | *unknown*: neither of both          |

The fingerprint as a whole is only compared if every part is known. The fingerprint of the
repository's files (`repo_fingerprint`) is used if a part is unknown. It may move although no part
did (a port rewritten from its short to its long form), so known parts take precedence.
"""

from collections.abc import Collection, Iterator, Mapping

from stacktest.core.fingerprint.fingerprint import ROUTE, Change, changes, compare, routes_apart
from stacktest.core.freshness.inputs import Policy, Present
from stacktest.core.freshness.origins import differing
from stacktest.core.freshness.reasons import listed
from stacktest.core.records.common import ContainerRef, FingerprintRecord
from stacktest.core.unknown import Unknown

REPOSITORY_PARTS = ("image", "config", "env", "stanza", "build")
"""Parts that can only move when the repository, or a value from outside of it, moves."""

FILE_PARTS = ("config", "build")
"""Parts whose ingredients are files; names of variables are not written to committed files."""

Detail = Mapping[str, Mapping[str, str]]
"""Part → name of an ingredient → its digest."""


def moved_parts(
    record: FingerprintRecord, present: Present, policy: Policy, detail: Detail | None = None
) -> tuple[str, ...]:
    """Reasons that name the parts that differ from `record`; empty: no known part has moved.

    `detail` holds the ingredients behind `record`, if this machine has them.
    """
    current = present.observation.fingerprint
    if policy.scope == "repo":
        return ("repo",) if _repo_moved(record, present) else ()
    if record.version != current.version:
        if isinstance(current.digest, Unknown):
            # Without a current digest the older versions' digests are not known either.
            return ()
        carried = record.digest is not None and current.carried.get(record.version) == record.digest
        return () if carried else ("fingerprint_version",)
    reasons: list[str] = []
    for change in changes(record.as_fingerprint(detail), current):
        has_names = change.part in FILE_PARTS and detail and detail.get(change.part)
        if change.part == "stanza":
            reasons += _of_definition(change, detail or {}, current.detail)
        else:
            reasons += change.reasons if has_names else (change.part,)
    if reasons or unknown_parts(record, present):
        return tuple(reasons) or (("repo",) if _repo_moved(record, present) else ())
    return ()


def unknown_parts(record: FingerprintRecord, present: Present) -> tuple[str, ...]:
    """Parts that cannot be compared, each with the reason: `part:image: no container engine`."""
    current = present.observation.fingerprint
    if record.version != current.version:
        unknown = ((n, v.why) for n, v in current.parts.items() if isinstance(v, Unknown))
        return tuple(f"part:{part}: {why}" for part, why in unknown)
    return tuple(
        f"part:{part}: {is_same.why}"
        for part, is_same in compare(record.as_fingerprint(), current).items()
        if isinstance(is_same, Unknown)
    )


def only_new_containers_read(
    record: FingerprintRecord, present: Present, detail: Detail, unread: Collection[str] = ()
) -> bool:
    """Whether all that differs from `record` takes effect in a container that is made anew only.

    Files that the container mounts, or that Compose copies into it, do not need a new one; `unread`
    are mounted files that may differ all the same.
    """
    if record.version != present.observation.fingerprint.version or unknown_parts(record, present):
        return False
    return all(
        _is_read_at_creation(change, present) or _is_of_files(change, unread)
        for change in changes(record.as_fingerprint(detail), present.observation.fingerprint)
    )


def same_containers(
    before: tuple[ContainerRef, ...], current: tuple[ContainerRef, ...] | Unknown
) -> bool:
    """Whether the same containers still run: none was recreated or restarted."""
    return not isinstance(current, Unknown) and bool(current) and set(before) == set(current)


def none_recreated(
    before: tuple[ContainerRef, ...], current: tuple[ContainerRef, ...] | Unknown
) -> bool:
    """Whether they are the same containers by id; they may have been restarted."""
    if isinstance(current, Unknown) or not current:
        return False
    return {ref.container for ref in before} == {ref.container for ref in current}


# Private

_MOST = 3
_READ_BY_RESTART = (ROUTE, "networks.", "post_start", "pre_stop")
"""Keys of a definition, or their beginnings, that an existing container can come to follow."""


def _is_read_at_creation(change: Change, present: Present) -> bool:
    if change.part == "stanza":
        keys = _names(change)
        return bool(keys) and not any(key.startswith(_READ_BY_RESTART) for key in keys)
    return change.part == "env" or (change.part == "build" and not present.is_synced)


def _is_of_files(change: Change, files: Collection[str]) -> bool:
    names = _names(change)
    return change.part == "config" and bool(names) and names <= set(files)


def _names(change: Change) -> frozenset[str]:
    return frozenset((*change.changed, *change.added, *change.removed))


def _of_definition(change: Change, before: Detail, now: Detail) -> Iterator[str]:
    """`route:` with the change of a host name's target, and `stanza` for any other change.

    If the target is the same, the front door's files that changed are named, as far as known.
    """
    targets, current = before.get("routes", {}), now.get("routes", {})
    files = differing(before["door"], now.get("door", {})) if "door" in before else ()
    names = f": {listed(files, _MOST)}" if files else ""
    for part in sorted(routes_apart([change]), key=lambda part: part.part):
        if part.part == change.part:
            yield change.part
            continue
        for host in sorted((*part.changed, *part.added, *part.removed)):
            old, new = targets.get(host, "nowhere"), current.get(host, "nowhere")
            yield (
                f"route:what the front door says about {host} changed{names}"
                if old == new
                else f"route:{host} led to {old}, now to {new}"
            )


def _repo_moved(record: FingerprintRecord, present: Present) -> bool:
    """Whether the repository's fingerprint changed, unless all repository parts are equal."""
    current = present.observation.fingerprint
    if record.repo is None or isinstance(current.repo, Unknown):
        return False
    if record.repo == current.repo:
        return False
    if record.version != current.version:
        return current.carried_repo.get(record.version) != record.repo
    is_same = compare(record.as_fingerprint(), current)
    return not all(is_same.get(part) is True for part in REPOSITORY_PARTS)
