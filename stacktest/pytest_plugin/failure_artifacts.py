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
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from stacktest.application.evidence_folder import (
    FOLDER,
    MARGIN,
    Window,
    make_folder,
    service_logs,
    write_evidence,
)
from stacktest.application.running_stack import RunningStack
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.observed_state import EngineEvent
from stacktest.core.secrets import secrets_of
from stacktest.pytest_plugin.contacts import touched
from stacktest.pytest_plugin.stash import RUNNING

ANSWERS: pytest.StashKey[list[str]] = pytest.StashKey()
"""Per test: one line per answer, the last ones."""


def remember_answer(node: pytest.Item, line: str) -> None:
    """Keep one answer for the case that the test fails."""
    answers = node.stash.setdefault(ANSWERS, [])
    answers.append(line)
    del answers[:-20]


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
        folder = config.rootpath / FOLDER / run_id / "pages"
        option.output = str(folder / worker)
        if any(getattr(option, name, None) == "on" for name in ("tracing", "screenshot", "video")):
            # Playwright's files are as readable as the umask has them, so the folder is not. Where
            # only failing tests leave some, their own evidence makes it first.
            make_folder(folder)


def gather(item: pytest.Item, window: Window) -> Path | None:
    """Write down what belongs to a failed test; the folder, or None without a stack."""
    stack = item.config.stash.get(RUNNING, None)
    if stack is None:
        return None
    folder = item.config.rootpath / FOLDER / stack.run_id / folder_name(item.nodeid)
    make_folder(folder)
    secrets = secrets_of(stack.model)
    named = {str(name) for mark in item.iter_markers("service") for name in mark.args}
    for name in involved(stack, named | set(touched(item))):
        write_evidence(
            folder / f"{name}.log",
            partial(service_logs, stack.model, stack.engine, name, window),
            secrets,
        )
    write_evidence(folder / "events.txt", partial(_events, stack, window), secrets)
    answers = item.stash.get(ANSWERS, [])
    if answers:
        write_evidence(folder / "answers.txt", lambda: "\n".join(answers), secrets)
    return folder


def involved(stack: RunningStack, services: Iterable[str]) -> tuple[str, ...]:
    """The services, what they depend on directly, and the front door; sorted."""
    known = stack.model.services
    names = {name for name in services if name in known}
    names |= {need for name in names for need in known[name].dependencies if need in known}
    names |= {stack.model.front_door} & set(known)
    return tuple(sorted(names))


def folder_name(nodeid: str) -> str:
    """A file name that people recognise, and that no other test has.

    Signs that file systems refuse become `-`, long names lose their beginning, and the values of
    parameters are left out, so the name alone is not unique: a short digest of the node id is.
    """
    function = nodeid.partition("[")[0]
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", function).strip("-")[-110:]
    return f"{readable}-{content_digest(nodeid)[:8]}"


# Private


def _events(stack: RunningStack, window: Window) -> str:
    happened = stack.engine.happened(
        stack.model.name, since=window.begin - MARGIN, until=window.end + MARGIN
    )
    return "\n".join(_event_lines(happened)) + "\n"


def _event_lines(happened: Iterable[EngineEvent]) -> Iterator[str]:
    for event in happened:
        health = f" {event.health}" if event.health else ""
        code = f" (exit {event.exit_code})" if event.exit_code is not None else ""
        yield f"{event.service} {event.action}{health}{code}"
