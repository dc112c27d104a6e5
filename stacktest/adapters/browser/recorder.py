"""Playwright's own recorder: a window in which a person works, and the code of what they did."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.process import attended

WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Variables of which one is set where programs can open a window."""


def has_window_system(environ: Mapping[str, str]) -> bool:
    """Whether a program can open a window here."""
    return sys.platform in {"darwin", "win32"} or any(environ.get(name) for name in WINDOWS)


def needs_network(environ: Mapping[str, str]) -> bool:
    """Whether the window is reached by TCP, as through `ssh -X`, instead of by a socket file."""
    return not environ.get("WAYLAND_DISPLAY") and not environ.get("DISPLAY", "").startswith(":")


def record(
    url: str, output: Path, *, program: str, proxy: str, home: Mapping[str, str], folder: Path
) -> int:
    """Open `url` in a window, and write what is done there to `output`; the recorder's exit code.

    `program` is the browser, `proxy` knows the stack's names, `home` trusts its CA. The recorder
    works in `folder`, where no file of a project changes what it does.
    """
    argv = [sys.executable, "-P", "-m", "playwright", "codegen", "--target", "python-pytest"]
    argv += ["--output", str(output), "--proxy-server", proxy, url]
    return attended(argv, cwd=folder, env={**os.environ, **home, **_display(), _PROGRAM: program})


# Private

_PROGRAM = "PWTEST_CLI_EXECUTABLE_PATH"
"""The variable by which the recorder is told which browser to start."""


def _display() -> dict[str, str]:
    """The key to the display, which lies in the home that the browser does not get."""
    return {"XAUTHORITY": os.environ.get("XAUTHORITY") or str(Path.home() / ".Xauthority")}
