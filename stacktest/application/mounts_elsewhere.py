"""Compares mounted files with those on the engine's host, which may be another machine."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.drift import Reasons, file_targets
from stacktest.core.model import Mount, Stack
from stacktest.core.unknown import Unknown

HasSameFiles = Callable[[str, str, str], bool | Unknown]
"""Container, path in it, path here → whether both are the same."""


def mounts_elsewhere(
    stack: Stack, container: Created, fingerprint: Fingerprint, has_same_files: HasSameFiles
) -> tuple[Reasons, Reasons]:
    """Mounted files that differ on the engine's host, and those that could not be compared.

    In a folder that the container may write to, only the files of the fingerprint are compared.
    """
    id_ = str(container.inspect["Id"])
    counted = [Path(stack.root) / label for label in fingerprint.inputs().mount_file_times]
    pairs = [
        *(pair for mount in container.service.mounts for pair in _of_mount(mount, counted)),
        *((target, path) for target, path in file_targets(container.service) if path),
    ]
    answers = {
        target: has_same_files(id_, target, source)
        for target, source in pairs
        if os.path.exists(source)  # noqa: PTH110 - paths are strings here
    }
    reasons = tuple(f"content:{target}" for target, same in answers.items() if same is False)
    unknown = [answer for answer in answers.values() if isinstance(answer, Unknown)]
    return reasons, tuple(f"live:mount: {answer.why}" for answer in unknown)


# Private


def _of_mount(mount: Mount, counted: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Path in the container and path here of each file or folder to compare."""
    source = Path(mount.source)
    if mount.kind != "bind":
        return
    if mount.read_only or not source.is_dir():
        yield mount.target, mount.source
        return
    for path in counted:
        if path.is_relative_to(source) and path.is_file():
            yield f"{mount.target}/{path.relative_to(source).as_posix()}", str(path)
