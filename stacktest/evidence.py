"""What a failing test leaves behind: enough to understand the failure without running it again.

    reports/evidence/<run>/<test>/<service>.log     what it wrote while the test ran
    reports/evidence/<run>/<test>/events.txt        what happened to containers meanwhile
    reports/evidence/<run>/<test>/answers.txt       the last answers that the test saw
    reports/evidence/<run>/pages/…                  trace and screenshot, by pytest-playwright
    reports/evidence/<run>/boot/message.txt         why the stack did not become ready
    reports/evidence/<run>/boot/<service>.log       what each service had written by then

Logs are those of the services that the test is about or touched, of what they depend on, and of
the front door. Files are capped, and what the compose model says is secret is taken out of them.
The last ten runs are kept.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stacktest.contacts import touched
from stacktest.core.model import Stack
from stacktest.core.observed import Happening
from stacktest.errors import StacktestError
from stacktest.keys import RUNNING
from stacktest.reports.evidence_page import Left
from stacktest.reports.redaction import redact
from stacktest.reports.secrets import secrets_of
from stacktest.running import RunningStack

if TYPE_CHECKING:
    from stacktest.adapters.engine import Engine

FOLDER = Path("reports/evidence")
RUNS_KEPT = 10
LARGEST = 200_000
"""Characters per file; of a longer text the end is kept."""
LINES = 400
MARGIN = 1.0
"""Seconds before and after the test that still count as its window."""
ANSWERS: pytest.StashKey[list[str]] = pytest.StashKey()
"""Per test: one line per answer, the last ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The time of one test, in seconds since the epoch."""

    begin: float
    end: float


def remember_answer(node: pytest.Item, line: str) -> None:
    """Keep one answer for the case that the test fails."""
    answers = node.stash.setdefault(ANSWERS, [])
    answers.append(line)
    del answers[:-20]


def left_over(folder: Path) -> Iterator[Left]:
    """Every file below the folder of evidence, whichever run left it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            run, *rest = path.relative_to(folder).parts
            if rest:
                yield Left(run=run, path="/".join(rest), size=path.stat().st_size)


def page_options(config: pytest.Config, run_id: str, worker: str) -> None:
    """Ask pytest-playwright for a trace and a screenshot of failing tests, in this run's folder.

    Each worker has a folder of its own, since pytest-playwright empties the one that it is given:
    what a crashed worker left stays. What the user asked for on the command line wins.
    """
    option = config.option
    if getattr(option, "tracing", None) == "off":
        option.tracing = "retain-on-failure"
    if getattr(option, "screenshot", None) == "off":
        option.screenshot = "only-on-failure"
    if getattr(option, "output", None) == "test-results":
        option.output = str(config.rootpath / FOLDER / run_id / "pages" / worker)


def gather(item: pytest.Item, window: Window) -> Path | None:
    """Write down what belongs to a failed test; the folder, or None without a stack."""
    stack = item.config.stash.get(RUNNING, None)
    if stack is None:
        return None
    folder = item.config.rootpath / FOLDER / stack.run_id / _slug(item.nodeid)
    _make(folder)
    secrets = secrets_of(stack.model)
    named = {str(name) for mark in item.iter_markers("service") for name in mark.args}
    for name in involved(stack, named | set(touched(item))):
        _write(
            folder / f"{name}.log", partial(_logs, stack.model, stack.engine, name, window), secrets
        )
    _write(folder / "events.txt", partial(_events, stack, window), secrets)
    answers = item.stash.get(ANSWERS, [])
    if answers:
        _write(folder / "answers.txt", lambda: "\n".join(answers), secrets)
    return folder


def boot_folder(rootdir: Path, run_id: str) -> Path:
    """Where the evidence of a failed start belongs: to the run, not to one of its tests."""
    return rootdir / FOLDER / run_id / "boot"


def gather_boot(folder: Path, stack: Stack, engine: Engine, error: StacktestError) -> None:
    """Write down what a failed start leaves, before its containers are removed."""
    _make(folder)
    secrets = secrets_of(stack)
    _write(folder / "message.txt", lambda: "\n".join([*error.lines(), ""]), secrets)
    names = {each.service for each in engine.containers(stack.name) if not each.one_off}
    for name in sorted(names & set(stack.services)):
        _write(folder / f"{name}.log", partial(_logs, stack, engine, name), secrets)


def involved(stack: RunningStack, services: Iterable[str]) -> tuple[str, ...]:
    """The services, what they depend on directly, and the front door; sorted."""
    known = stack.model.services
    found = {name for name in services if name in known}
    found |= {need for name in found for need in known[name].dependencies if need in known}
    found |= {stack.model.front_door} & set(known)
    return tuple(sorted(found))


def forget_old_runs(rootdir: Path) -> None:
    """Keep the evidence of the last runs only; run ids sort by time."""
    folder = rootdir / FOLDER
    runs = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for path in runs[:-RUNS_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


# Private


def _make(folder: Path) -> None:
    """A folder of a run, which holds what services wrote on this machine: git never sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")


def _slug(nodeid: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid).strip("-")[-120:]


def _write(path: Path, text: Callable[[], str], secrets: Iterable[str]) -> None:
    """Evidence that cannot be had is said in its place: it must not cost the test's own report."""
    try:
        said = text()
    except StacktestError as error:
        said = "\n".join(error.lines())
    said = redact(said, secrets)
    cut = "… the beginning was cut\n" if len(said) > LARGEST else ""
    path.write_text(cut + said[-LARGEST:], encoding="utf-8")


def _logs(stack: Stack, engine: Engine, service: str, window: Window | None = None) -> str:
    since, until = (window.begin - MARGIN, window.end + MARGIN) if window else (None, None)
    said: list[str] = []
    for container in engine.containers(stack.name):
        if container.service == service and not container.one_off:
            code = "" if container.exit_code is None else f", exit code {container.exit_code}"
            said.append(f"# {container.name}: {container.state}{code}\n")
            said.append(engine.logs(container.id, tail=LINES, since=since, until=until))
    return "".join(said) or f"# {service} has no container\n"


def _events(stack: RunningStack, window: Window) -> str:
    happened = stack.engine.happened(
        stack.model.name, since=window.begin - MARGIN, until=window.end + MARGIN
    )
    return "\n".join(_event_lines(happened)) + "\n"


def _event_lines(happened: Iterable[Happening]) -> Iterator[str]:
    for each in happened:
        more = f" {each.health}" if each.health else ""
        code = f" (exit {each.exit_code})" if each.exit_code is not None else ""
        yield f"{each.service} {each.action}{more}{code}"
