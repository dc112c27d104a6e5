"""The properties of the terminal: its width, and whether output may have colour.

`NO_COLOR`, `CI`, `TERM=dumb` and a pipe mean plain text; `FORCE_COLOR` overrides `CI` and a pipe.
"""

import shutil
import sys
from collections.abc import Mapping
from typing import Any


def wants_colour(stream: Any, environ: Mapping[str, str]) -> bool:
    """Whether the stream may get control sequences for colour."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return bool(stream.isatty()) and not environ.get("CI")


def terminal_width() -> int | None:
    """The width of the terminal in characters; None if the output is a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
