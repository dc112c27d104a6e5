"""Lists the paths that stacktest itself writes, docs pages, and declared secret files."""

import os
import posixpath
from pathlib import Path
from typing import Protocol

from stacktest.core.model import Stack

REPORTS = "reports"
"""The default folder of evidence of failures and of the status page."""


class StackSection(Protocol):
    """The settings of `[stack]` that a fingerprint depends on."""

    @property
    def ledger(self) -> str:
        """Folder of the records."""

    @property
    def status(self) -> str:
        """Path of the status file."""

    @property
    def pages(self) -> str:
        """Path of a service's docs page, with `{service}`."""

    @property
    def env_files(self) -> tuple[str, ...]:
        """Files that Compose reads variables from."""


def own_paths(root: Path, section: StackSection) -> frozenset[str]:
    """Paths that stacktest writes: if they counted, every run would change every fingerprint."""
    folder = posixpath.dirname(section.status)
    beside = (section.status.removesuffix(".json") + ".meta.json", f"{folder}/stacktest.json")
    paths = (section.ledger, section.status, *beside, REPORTS)
    return frozenset(os.path.normpath(root / path) for path in paths)


def page_paths(stack: Stack, section: StackSection) -> frozenset[str]:
    """The docs pages of services, by their paths as configured and with links resolved."""
    if not section.pages:
        return frozenset()
    paths = [str(stack.root / section.pages.replace("{service}", name)) for name in stack.services]
    return frozenset(
        spell(path) for path in paths for spell in (os.path.normpath, os.path.realpath)
    )


def secret_paths(stack: Stack) -> frozenset[str]:
    """Files that the stack declares to be secrets."""
    return frozenset(
        os.path.normpath(file.path)
        for service in stack.services.values()
        for file in service.files
        if file.secret and file.path
    )
