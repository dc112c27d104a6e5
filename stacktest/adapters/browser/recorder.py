"""Runs Playwright's recorder: a window for a person, and test code generated from their actions."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.process import attended

WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Variables of which at least one is set where programs can open a window."""


def has_window_system(environ: Mapping[str, str]) -> bool:
    """Whether a program can open a window here."""
    return sys.platform in {"darwin", "win32"} or any(environ.get(name) for name in WINDOWS)


def needs_network(environ: Mapping[str, str]) -> bool:
    """Whether the display is reached by TCP, as through `ssh -X`, instead of by a socket file."""
    return not environ.get("WAYLAND_DISPLAY") and not environ.get("DISPLAY", "").startswith(":")


def record(
    url: str, output: Path, *, program: str, proxy: str, home: Mapping[str, str], folder: Path
) -> int:
    """Open `url` in a window, and write the recorded actions to `output`; returns the exit code.

    `program` is the browser, `proxy` resolves the stack's names, `home` makes the browser trust its
    CA. The recorder works in `folder`, so that no file of a project changes its settings.
    """
    argv = [sys.executable, "-P", "-m", "playwright", "codegen", "--target", "python-pytest"]
    argv += ["--output", str(output), "--proxy-server", proxy, url]
    return attended(argv, cwd=folder, env={**os.environ, **home, **_display(), _PROGRAM: program})


# Private

_PROGRAM = "PWTEST_CLI_EXECUTABLE_PATH"
"""The variable that names the browser which the recorder starts."""


def _display() -> dict[str, str]:
    """The file of the display's key, in the user's own home: the browser has another home."""
    return {"XAUTHORITY": os.environ.get("XAUTHORITY") or str(Path.home() / ".Xauthority")}
