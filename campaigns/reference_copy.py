"""The reference stack once more for a campaign: its own folder, project name and port."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.throwaway import ThrowAway, free_port


@contextmanager
def reference_copy(campaign: str) -> Iterator[ThrowAway]:
    """A copy of the reference stack, not started yet; all of it is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"sk-{campaign}-"))
    copy = ThrowAway(folder, port=free_port(), project=f"t-{campaign}-{os.getpid()}")
    try:
        copy.make()
        yield copy
    finally:
        copy.remove()
        shutil.rmtree(folder, ignore_errors=True)
