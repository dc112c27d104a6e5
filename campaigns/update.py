"""Bad updates and good ones between them, judged by the health check alone and by the tests.

Ten kinds of bad image for each of six services, and good images between them. `stacktest update`
waits until a service is healthy before it tests it: what goes back before a test has run was found
by its health check, what goes back because a test failed was healthy.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from campaigns.change_stack import KINDS, PROGRAMS, ChangeStack, change_stack
from campaigns.common import Options, Report, main
from campaigns.docker_command import docker

GOOD, SHORT = 200, 5
"""Good updates, and how many of each sort the short form has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One update, and what came of it."""

    service: str
    kind: str
    """Empty: it was a good one."""
    kept: bool
    by_tests: bool
    """Whether it came as far as its tests."""
    stood: float
    faults: tuple[str, ...]


def run(options: Options) -> Report:
    """60 bad updates and 200 good ones in random order, or 5 of each in the short form."""
    dice = options.random()
    bad = [(service, kind) for service in PROGRAMS for kind in KINDS]
    good = [(service, "") for service in islice(cycle(PROGRAMS), GOOD)]
    dice.shuffle(bad)
    dice.shuffle(good)
    updates = [*bad[:SHORT], *good[:SHORT]] if options.short else [*bad, *good]
    dice.shuffle(updates)
    with change_stack() as stack:
        tried = [
            _try(stack, service, kind, str(number))
            for number, (service, kind) in enumerate(updates)
        ]
    faults = [
        f"{item.kind or 'good'} {item.service}: {fault}" for item in tried for fault in item.faults
    ]
    return Report(columns=_COLUMNS, rows=_rows(tried), faults=faults)


# Private

_COLUMNS = ("update", "tried", "kept by health check", "kept by tests", "data kept", "seconds")


def _try(stack: ChangeStack, service: str, kind: str, version: str) -> Tried:
    image = stack.image(service, bad=kind, version=version)
    before, data = stack.runs(service), stack.data(service)
    stack.publish(image, service)
    options = ("--pull", "--no-rehearsal", "--without-baseline")
    code, out = stack.stack.run("update", service, *options)
    kept = stack.runs(service) != before
    journal = _journal(stack, out)
    if kind:
        # The tag means what ran before again, as after a person has undone the change.
        stack.take_back(before, service)
    faults = list(_faults(stack, kind, kept=kept, same_data=stack.data(service) == data))
    if code not in (0, 1) or "Traceback" in out or not journal:
        faults.append(f"ended with {code}: {out[-600:]}")
    return Tried(
        service=service,
        kind=kind,
        kept=kept,
        by_tests=kept or "::" in journal.get("why", ""),
        stood=journal.get("stood_ms", 0) / 1000,
        faults=tuple(faults),
    )


def _journal(stack: ChangeStack, out: str) -> Any:
    """The newest journal of the stack; empty where there is none."""
    paths = (stack.stack.root / ".stacktest/updates").glob("*.json")
    newest = max(paths, key=lambda path: path.stat().st_mtime, default=None)
    is_of_this = newest is not None and re.search(r"^(kept|put back|nothing) ", out, re.MULTILINE)
    return json.loads(newest.read_text()) if newest and is_of_this else {}


def _faults(stack: ChangeStack, kind: str, *, kept: bool, same_data: bool) -> Sequence[str]:
    faults = []
    if kind and kept:
        faults.append("a bad image was kept")
    if not kind and not kept:
        faults.append("a good image was put back")
    if not same_data:
        faults.append("the data is not what it was")
    saved = f"name={stack.stack.name}-update"
    left = docker("ps", "--all", "--quiet", "--filter", saved)
    left += docker("volume", "ls", "--quiet", "--filter", saved)
    if left or (stack.stack.root / ".stacktest/update.json").exists():
        faults.append("something of the update is left")
    return faults


def _rows(tried: Sequence[Tried]) -> list[list[object]]:
    kinds = [*KINDS, ""]
    rows = []
    for kind in kinds:
        group = [item for item in tried if item.kind == kind]
        if not group:
            continue
        rows.append(
            [
                f"bad: {KINDS[kind]}" if kind else "good",
                len(group),
                sum(item.by_tests for item in group),
                sum(item.kept for item in group),
                sum("the data is not what it was" not in item.faults for item in group),
                f"{sum(item.stood for item in group) / len(group):.1f}",
            ]
        )
    return rows


if __name__ == "__main__":
    raise SystemExit(main("update", run))
