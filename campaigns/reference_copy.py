"""The reference stack once more for a campaign: its own folder, project name and port."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.throwaway import SELDOM, ThrowAway, free_port

REPOSITORY = Path(__file__).parents[1]
SUITES = ("suites", "fixtures", "conftest.py", "pyproject.toml")
"""What the tests consist of; they stand above their stack, as in the repository."""


@contextmanager
def reference_copy(campaign: str) -> Iterator[ThrowAway]:
    """A copy of the reference stack, not started yet; all of it is removed at the end.

    What an engine does not let go of is named, and costs the campaign no figure.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"sk-{campaign}-"))
    project = f"t-{campaign}-{os.getpid()}"
    copy = ThrowAway(folder, port=free_port(), project=project, health=SELDOM)
    try:
        copy.make()
        yield copy
    finally:
        try:
            copy.remove()
        except RuntimeError as error:
            print(f"left behind: {error}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)


def bring_suites(folder: Path) -> None:
    """Put the suites above their stack, as they are in the repository."""
    for name in SUITES:
        source, target = REPOSITORY / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("stacks", "__pycache__"))
        else:
            shutil.copy(source, target)


def use_images_as_they_are(root: Path) -> None:
    """Nothing of this copy of the stack is built.

    The engine knows builds by the folder in which they began, and that is another one than the
    copy's: every image would count as older than the files that it was built from.
    """
    path = root / "docker-compose.yml"
    path.write_text(re.sub(r"^ +build: \{.*\n", "", path.read_text(), flags=re.MULTILINE))
