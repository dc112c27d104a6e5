"""What the terminal can show: its width, and whether colour is welcome.

`NO_COLOR`, `CI`, `TERM=dumb` and a pipe mean plain text; `FORCE_COLOR` means colour all the same.
"""

import shutil
import sys
from collections.abc import Mapping
from typing import Any


def wants_colour(stream: Any, environ: Mapping[str, str]) -> bool:
    """Whether control sequences are welcome on the stream."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return bool(stream.isatty()) and not environ.get("CI")


def terminal_width() -> int | None:
    """Characters of a line of the terminal; None where a file or a program reads."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
