"""Compares a container's mounted files with their content at its start.

If digests of its start are stored, they decide. A file that counts only now, or no longer, is not
edited by that: it may have been added to git, or declared to be ignored. For such files the time
stamp decides, or whether the file still exists.
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.drift import Reasons, file_targets
from stacktest.core.freshness.origins import Digests, differing
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown

Compares = Callable[[str, str, str], bool | Unknown]
"""Container, path in it, path here → whether both have the same content."""


def edited_files(
    stack: Stack, before: Digests, now: Digests, times: Mapping[str, float], started: datetime
) -> Reasons:
    """`stale:path` for each mounted file that has changed since the container started."""

    def is_edited(label: str) -> bool:
        if label not in now:
            return not os.path.lexists(stack.root / label)
        return label in before or _is_newer(stack, label, times, started)

    return tuple(f"stale:{label}" for label in differing(before, now) if is_edited(label))


def times_as_mounted(
    stack: Stack, container: Created, times: Mapping[str, float], digests: Digests
) -> Mapping[str, float]:
    """The times, without those of links past which the container was mounted.

    A stack that is read behind a link may have been started from the folder itself.
    """
    mounts = container.inspect.get("Mounts") or ()
    sources = [str(mount.get("Source")) for mount in mounts if mount.get("Type") == "bind"]
    if any(os.path.realpath(path) != path or not os.path.exists(path) for path in sources):  # noqa: PTH110
        return times
    declared = [mount.source for mount in container.service.mounts if mount.kind == "bind"]
    declared += [path for _, path in file_targets(container.service) if path]
    parents = {str(parent) for path in declared for parent in PurePath(path).parents}

    def is_on_the_way(label: str) -> bool:
        path = os.path.normpath(stack.root / label)
        return label not in digests and path in parents and os.path.islink(path)  # noqa: PTH114

    return {label: at for label, at in times.items() if not is_on_the_way(label)}


def gone_sources(
    stack: Stack, container: Created, fingerprint: Fingerprint, has_same_files: Compares
) -> Reasons:
    """`stale:path` for each source of a mount that existed at the start and does not any more.

    An engine on another machine mounts that machine's files, so these cannot be checked here.
    """
    id_ = str(container.inspect["Id"])
    gone = {
        label: has_same_files(id_, target, str(stack.root / label))
        for label, target in fingerprint.inputs().missing_mounts.items()
    }
    return tuple(f"stale:{label}" for label, is_near in gone.items() if is_near is True)


def unseen_files(stack: Stack, container: Created, sees_file: Compares) -> tuple[Reasons, Reasons]:
    """For a program that reloads its files: files whose change it cannot see, and files not known.

    If an editor replaces a mounted single file by a new file, the container still has the old one.
    """
    if container.inspect["State"]["Status"] != "running":
        return (), ()
    binds = ((m.target, m.source) for m in container.service.mounts if m.kind == "bind")
    seen = {
        os.path.relpath(source, stack.root): sees_file(str(container.inspect["Id"]), target, source)
        for target, source in (*binds, *file_targets(container.service))
        if os.path.isfile(source)  # noqa: PTH113 - paths are strings here
    }
    reasons = tuple(f"stale:{path}" for path, is_seen in seen.items() if is_seen is False)
    unknown = [is_seen for is_seen in seen.values() if isinstance(is_seen, Unknown)]
    return reasons, tuple(f"live:{why.why}" for why in unknown)


# Private


def _is_newer(stack: Stack, label: str, times: Mapping[str, float], started: datetime) -> bool:
    """Whether a file, or a folder that holds it, has changed since the container was started."""
    folders = [stack.root / folder for folder in PurePath(label).parents[:-1]]
    moments = [folder.stat().st_ctime for folder in folders if folder.is_dir()]
    return datetime.fromtimestamp(max([times[label], *moments]), UTC) > started
