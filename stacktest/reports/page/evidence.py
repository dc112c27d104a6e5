"""The evidence files of failed tests, for `stacktest page --serve`: all, or of one test."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from stacktest.reports.page.jinja import environment

ADDRESS = "/evidence/"
"""The path of the list on the server."""
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
        """The path of the file on the server."""
        return quote(os.fsencode(f"{ADDRESS}{self.run}/{self.path}"))

    @property
    def opens(self) -> str:
        """The path to link to: the file's own, or the viewer's for a trace."""
        if self.path.rpartition("/")[2] == TRACE:
            return VIEWER + quote(self.address, safe="")
        return self.address

    @property
    def folder(self) -> str:
        """The name of the folder that contains it; empty if it belongs to the whole run."""
        return self.path.rpartition("/")[0].rpartition("/")[2]

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]


def left_by_test(nodeid: str, run: str, left: Iterable[Left]) -> tuple[Left, ...]:
    """The evidence files of a test in a run, the page about it first.

    They are in the test's own folder; for older runs also in Playwright's folder for the test.
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
    """The name of a test or of its folder in a common form: `-` for all but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@cache
def _template() -> Any:
    return environment().get_template("evidence.html.j2")
