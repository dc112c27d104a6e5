"""Compares what a container mounts with what it read at its start.

Against what is remembered of its start, digests decide. A file that counts only now, or no longer,
was not edited by that: somebody gave it to git, or declared it to be ignored. Then times decide,
or whether it is still there.
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
"""Container, path in it, path here → whether it has, or reads, there what lies here."""


def edited_files(
    stack: Stack, before: Digests, now: Digests, times: Mapping[str, float], started: datetime
) -> Reasons:
    """`stale:path` for each mounted file that is not what it was when the container started."""

    def is_edited(label: str) -> bool:
        if label not in now:
            return not os.path.lexists(stack.root / label)
        return label in before or _is_newer(stack, label, times, started)

    return tuple(f"stale:{label}" for label in differing(before, now) if is_edited(label))


def gone_sources(
    stack: Stack, container: Created, fingerprint: Fingerprint, has_same_files: Compares
) -> Reasons:
    """`stale:path` for each source of a mount that was there at the start, and is not any more.

    An engine on another machine mounts what lies there, so nothing is known of it here.
    """
    id_ = str(container.inspect["Id"])
    gone = {
        label: has_same_files(id_, target, str(stack.root / label))
        for label, target in fingerprint.inputs().gone.items()
    }
    return tuple(f"stale:{label}" for label, is_near in gone.items() if is_near is True)


def unseen_files(stack: Stack, container: Created, sees_file: Compares) -> tuple[Reasons, Reasons]:
    """Of a program that reads its files by itself: those that it cannot see, or that nobody knows.

    A single file that was replaced by another of its name, as editors do, is mounted no more.
    """
    if container.inspect["State"]["Status"] != "running":
        return (), ()
    binds = ((m.target, m.source) for m in container.service.mounts if m.kind == "bind")
    seen = {
        os.path.relpath(source, stack.root): sees_file(str(container.inspect["Id"]), target, source)
        for target, source in (*binds, *file_targets(container.service))
        if os.path.isfile(source)  # noqa: PTH113 - text
    }
    reasons = tuple(f"stale:{path}" for path, is_seen in seen.items() if is_seen is False)
    unknown = [is_seen for is_seen in seen.values() if isinstance(is_seen, Unknown)]
    return reasons, tuple(f"live:{why.why}" for why in unknown)


# Private


def _is_newer(stack: Stack, label: str, times: Mapping[str, float], started: datetime) -> bool:
    """Whether a file, or a folder that it lies in, changed since the container was started."""
    folders = [stack.root / folder for folder in PurePath(label).parents[:-1]]
    moments = [folder.stat().st_ctime for folder in folders if folder.is_dir()]
    return datetime.fromtimestamp(max([times[label], *moments]), UTC) > started
