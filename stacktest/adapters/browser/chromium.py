"""Finds the Chromium to start: in headless mode, the build without a window.

Playwright itself uses this build in headless mode. A page costs it about half of what it costs the
full browser (`python -m benchmarks.pages`).
"""

import shutil
from pathlib import Path

WITHOUT_WINDOW = "chromium-headless-shell"
WITH_WINDOW = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs on PATH that are used if Playwright's own builds are not installed."""


def find_chromium(*, headless: bool, own: str = "") -> str | None:
    """The path of the browser to start, or None if none is installed.

    `own` is the path of Playwright's build, installed or not.
    """
    if headless and own and (headless_shell := _shell_beside(Path(own))):
        return headless_shell
    if own and Path(own).exists():
        return own
    names = (WITHOUT_WINDOW, *WITH_WINDOW) if headless else WITH_WINDOW
    return next((path for name in names if (path := shutil.which(name))), None)


def playwright_build() -> str:
    """The path of Playwright's own Chromium, installed or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return str(playwright.chromium.executable_path)


# Private


def _shell_beside(own: Path) -> str | None:
    """Playwright's headless build of the same revision, in the folder next to the full build."""
    revision = own.parent.parent
    beside = revision.with_name(revision.name.replace("chromium-", "chromium_headless_shell-"))
    return next((str(path) for path in sorted(beside.glob("*/*headless[-_]shell"))), None)
