"""Which Chromium is started: without a window, the build that has none.

Such a build is what Playwright itself takes where nobody looks on. A page costs it about half of
what it costs a whole browser (`python -m benchmarks.pages`).
"""

import shutil
from pathlib import Path

WITHOUT_WINDOW = "chromium-headless-shell"
WITH_WINDOW = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs on PATH that serve where Playwright's own builds are not installed."""


def find_chromium(*, headless: bool, own: str = "") -> str | None:
    """The program to start, or None where there is none.

    `own` is where Playwright keeps its build, installed or not.
    """
    if headless and own and (headless_shell := _shell_beside(Path(own))):
        return headless_shell
    if own and Path(own).exists():
        return own
    names = (WITHOUT_WINDOW, *WITH_WINDOW) if headless else WITH_WINDOW
    return next((path for name in names if (path := shutil.which(name))), None)


def playwright_build() -> str:
    """Where Playwright keeps its own Chromium, installed or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return str(playwright.chromium.executable_path)


# Private


def _shell_beside(own: Path) -> str | None:
    """Playwright's build without a window, which lies next to the whole one of its revision."""
    revision = own.parent.parent
    beside = revision.with_name(revision.name.replace("chromium-", "chromium_headless_shell-"))
    return next((str(path) for path in sorted(beside.glob("*/*headless[-_]shell"))), None)
