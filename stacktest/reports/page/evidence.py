"""What failed tests left, for `stacktest page --serve`: all of it, and that of one test."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from stacktest.reports.page.jinja import environment

ADDRESS = "/evidence/"
"""Where the server has the list."""
PAGE = "index.html"
TRACE = "trace.zip"
VIEWER = "/trace/index.html?trace="


class Left(Struct, frozen=True, kw_only=True):
    """One file of evidence: the run, its path below the run, and its size."""

    run: str
    path: str
    size: int

    @property
    def address(self) -> str:
        """Where the server has it."""
        return quote(os.fsencode(f"{ADDRESS}{self.run}/{self.path}"))

    @property
    def opens(self) -> str:
        """What to follow: traces open in the viewer."""
        if self.path.rpartition("/")[2] == TRACE:
            return VIEWER + quote(self.address, safe="")
        return self.address

    @property
    def folder(self) -> str:
        """The name of the folder that it is in; empty: it belongs to the run as a whole."""
        return self.path.rpartition("/")[0].rpartition("/")[2]

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]


def left_by_test(nodeid: str, run: str, left: Iterable[Left]) -> tuple[Left, ...]:
    """The files that a test left in a run, the page about it first.

    They are in its own folder; those of older runs also in that of Playwright.
    """
    function, full = _plain(nodeid.partition("[")[0]), _plain(nodeid)
    own = re.compile(rf"{re.escape(function)}-[0-9a-f]{{8}}|{re.escape(full)}")
    files = [file for file in left if file.run == run and own.fullmatch(_plain(file.folder))]
    return tuple(sorted(files, key=lambda file: file.name != PAGE))


def render_evidence(stack: str, left: Iterable[Left]) -> str:
    """The page; runs newest first, traces before everything else."""
    runs: dict[str, list[Left]] = {}
    for file in left:
        runs.setdefault(file.run, []).append(file)
    ordered: Sequence[tuple[str, list[Left]]] = [
        (run, sorted(runs[run], key=lambda file: (file.opens == file.address, file.path)))
        for run in sorted(runs, reverse=True)
    ]
    text: str = _template().render(stack=stack, runs=ordered)
    return text


# Private


def _plain(name: str) -> str:
    """A test or a folder named after it, in letters and figures that both have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@cache
def _template() -> Any:
    return environment().get_template("evidence.html.j2")
