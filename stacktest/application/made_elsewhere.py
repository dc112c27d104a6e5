"""Finds from which folder and compose files a container was made, if they are not this stack's.

Two clones of one project have one name, so each sees the containers that the other created. Compose
writes folder and files into labels; the same folder behind a link is the same folder.
"""

import os
from collections.abc import Iterator

from stacktest.core.freshness.container.as_created import FOLDER, labels_of
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.reasons import GONE, Reason
from stacktest.core.leftovers import FILES


def made_elsewhere(container: Created) -> Iterator[str]:
    """`folder:PATH` if it was made from another folder, else `files:PATH, PATH` for other files.

    They explain drift and are none: another folder may hold the very same files.
    """
    stack, labels = container.stack, labels_of(container.inspect)
    own, folder = stack.project_directory or str(stack.root), labels.get(FOLDER, "")
    if folder and not _is_same(folder, own):
        yield Reason.of("folder", folder, "" if os.path.isdir(folder) else GONE)  # noqa: PTH112
        return
    known = {os.path.realpath(path) for path in stack.compose_files}
    files = [path for path in labels.get(FILES, "").split(",") if path.startswith("/")]
    others = [path for path in files if os.path.realpath(path) not in known]
    if read := [os.path.relpath(path, own) for path in others if os.path.isfile(path)]:  # noqa: PTH113
        yield Reason.of("files", ", ".join(read))


# Private


def _is_same(one: str, other: str) -> bool:
    """Whether both paths lead to one folder, through links or mounts of it."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - paths are text here
    except OSError:
        return False
