"""The list of what failed tests left, for `stacktest page --serve`."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from stacktest.reports.page.jinja import environment

TRACE = "trace.zip"
VIEWER = "/trace/index.html?trace="


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """One file of evidence: the run, its path below the run, and its size."""

    run: str
    path: str
    size: int

    @property
    def address(self) -> str:
        """Where the server has it."""
        return quote(os.fsencode(f"/evidence/{self.run}/{self.path}"))

    @property
    def opens(self) -> str:
        """What to follow: traces open in the viewer."""
        if self.path.rpartition("/")[2] == TRACE:
            return VIEWER + quote(self.address, safe="")
        return self.address


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


@cache
def _template() -> Any:
    return environment().get_template("evidence.html.j2")
