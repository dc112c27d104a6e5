"""Writes the evidence of a failed test, so it can be understood without another run.

    reports/evidence/<run>/<test>/index.html        the page: start here
    reports/evidence/<run>/<test>/message.txt       the test's error, with both compared values
    reports/evidence/<run>/<test>/<service>.log     the service's log while the test ran
    reports/evidence/<run>/<test>/events.txt        the events of containers meanwhile
    reports/evidence/<run>/<test>/answers.txt       the last answers that the test saw
    reports/evidence/<run>/<test>/answer-<n>.txt    the body of each that was refused
    reports/evidence/<run>/<test>/trace.zip, *.png  trace and screenshot, by pytest-playwright
    reports/evidence/<run>/boot/message.txt         why the stack did not become ready
    reports/evidence/<run>/boot/<service>.log       the log of each service until then

Logs are those of the services that the test names or touched, of their direct dependencies, and of
the front door. Files are capped, and the secrets of the compose model are removed from them.
The last ten runs are kept.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec import Struct

from stacktest.adapters.compose.command_line import typed_path, working_folder
from stacktest.application.evidence_folder import (
    FOLDER,
    MARGIN,
    Window,
    make_folder,
    restrict_folder,
    service_logs,
    write_evidence,
    write_page,
)
from stacktest.application.running_stack import RunningStack
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.observed_state import EngineEvent
from stacktest.core.secrets import secrets_of
from stacktest.pytest_plugin.browser_output import OWN_OUTPUT
from stacktest.pytest_plugin.contacts import touched
from stacktest.pytest_plugin.outcomes import FailureNotes, marked_lines
from stacktest.pytest_plugin.own_output import OWN_NAME
from stacktest.pytest_plugin.repeat import command_again
from stacktest.pytest_plugin.report_secrets import clean_text
from stacktest.pytest_plugin.seen_answers import SeenAnswer, seen_answers
from stacktest.pytest_plugin.stash import EVIDENCE, RUNNING
from stacktest.reports.page.failure import NAME, FailurePage, LeftText, render_failure


class Evidence(Struct, frozen=True, kw_only=True):
    """The evidence of one failed test, and its folder."""

    folder: Path
    test: str
    services: tuple[str, ...]
    message: str
    again: str
    diagnosis: Diagnosis | None
    logs: tuple[str, ...]
    """Services whose logs are kept, the one whose log shows the cause first."""

    @property
    def notes(self) -> FailureNotes:
        """The parts of the evidence that pytest's report carries."""
        return FailureNotes(
            diagnosis=self.diagnosis.sentence if self.diagnosis else "",
            command=self.diagnosis.hint if self.diagnosis else "",
            evidence=str(self.folder / NAME),
        )

    def write(self, stack: RunningStack, window: Window, answers: tuple[SeenAnswer, ...]) -> None:
        """Write the files, and a first version of the page before the fixtures have ended."""
        secrets = secrets_of(stack.model)
        write_evidence(self.folder / "message.txt", lambda: self.message, secrets)
        for name in self.logs:
            read = partial(service_logs, stack.model, stack.engine, name, window)
            write_evidence(self.folder / f"{name}.log", read, secrets)
        write_evidence(self.folder / "events.txt", partial(_events, stack, window), secrets)
        if answers:
            lines = "\n".join(answer.line for answer in answers)
            write_evidence(self.folder / "answers.txt", lambda: lines, secrets)
        for number, answer in enumerate(answers, start=1):
            if body := answer.body:
                text = f"{answer.line}\n\n{body}"
                file = self.folder / f"answer-{number}.txt"
                write_evidence(file, partial(str, text), secrets)
        self.write_page(secrets)

    def write_page(self, secrets: Iterable[str]) -> None:
        """Write the page about the files that are in the folder now."""
        names = sorted(path.name for path in self.folder.iterdir() if path.is_file())
        traces = [name for name in names if name.endswith(".zip")]
        pictures = [name for name in names if name.endswith(".png")]
        texts = list(self._texts(names))
        shown = {*traces, *pictures, *(text.name for text in texts), "message.txt", NAME}
        here = working_folder()
        page = FailurePage(
            test=self.test,
            services=self.services,
            message=self.message,
            diagnosis=self.notes.diagnosis,
            command=self.notes.command,
            reproduce=self.again,
            texts=texts,
            pictures=pictures,
            traces=[(name, _show_trace(typed_path(here, self.folder / name))) for name in traces],
            other=[name for name in names if name not in shown],
        )
        write_page(self.folder / NAME, render_failure(page), secrets)

    def _texts(self, names: Iterable[str]) -> Iterator[LeftText]:
        """Refused answers, then logs, the log that shows the cause first, then the rest."""
        names = tuple(names)
        bodies = {name: "A refused answer" for name in names if name.startswith("answer-")}
        logs = {f"{name}.log": f"The log of {name}" for name in self.logs}
        rest = {"answers.txt": "The last answers", "events.txt": "What happened to containers"}
        for name, title in {**bodies, **logs, **rest}.items():
            if name in names:
                text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
                yield LeftText(name=name, title=title, text=text)


def output_folder(item: pytest.Item) -> Path | None:
    """The folder of a test's browser files; None: the default of pytest-playwright or the user's.

    Playwright's files get permissions by the umask, so the folder is private. If only failing
    tests leave files, the folder is made together with their evidence.
    """
    stack = item.config.stash.get(RUNNING, None)
    if stack is None or not item.config.stash.get(OWN_OUTPUT, False):
        return None
    folder = _folder(item, stack)
    names = ("tracing", "screenshot", "video")
    if any(getattr(item.config.option, name, None) == "on" for name in names):
        make_folder(folder)
    return folder


def gather(item: pytest.Item, report: pytest.TestReport, window: Window) -> FailureNotes | None:
    """Write the evidence of a failed test and its diagnosis; None: there is no stack."""
    stack = item.config.stash.get(RUNNING, None)
    if stack is None:
        return None
    failure = _failure(item, report)
    diagnosis = stack.diagnose(failure, window.begin - MARGIN)
    folder = _folder(item, stack)
    make_folder(folder)
    evidence = Evidence(
        folder=folder,
        test=item.nodeid,
        services=failure.services,
        message=clean_text(report.longreprtext),
        again=command_again(item.config, item.nodeid),
        diagnosis=_cleaned(diagnosis),
        logs=_by_use(involved(stack, {*failure.services, *touched(item)}), stack, diagnosis),
    )
    evidence.write(stack, window, seen_answers(item))
    item.stash[EVIDENCE] = evidence
    return evidence.notes


def finish(item: pytest.Item) -> None:
    """Complete the page of a failed test with the files that its fixtures wrote when they ended."""
    evidence = item.stash.get(EVIDENCE, None)
    if evidence is not None:
        del item.stash[EVIDENCE]
        restrict_folder(evidence.folder)
        evidence.write_page(secrets_of(item.config.stash[RUNNING].model))


def involved(stack: RunningStack, services: Iterable[str]) -> tuple[str, ...]:
    """The services, their direct dependencies, and the front door; sorted."""
    known = stack.model.services
    names = {name for name in services if name in known}
    names |= {need for name in names for need in known[name].dependencies if need in known}
    names |= {stack.model.front_door} & set(known)
    return tuple(sorted(names))


def folder_name(nodeid: str) -> str:
    """A readable file name that is unique for the test.

    Characters that file systems refuse become `-`, long names lose their beginning, and parameters
    are left out, so the name alone is not unique: a short digest of the node id is added.
    """
    function = nodeid.partition("[")[0]
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", function).strip("-")[-110:]
    return f"{readable}-{content_digest(nodeid)[:8]}"


# Private


def _folder(item: pytest.Item, stack: RunningStack) -> Path:
    return Path(
        item.config.rootpath
        / FOLDER
        / stack.run_id
        / folder_name(item.stash.get(OWN_NAME, item.nodeid))
    )


def _failure(item: pytest.Item, report: pytest.TestReport) -> Failure:
    named = [str(name) for mark in item.iter_markers("service") for name in mark.args]
    answers = [answer for answer in seen_answers(item) if answer.status]
    lines = marked_lines(report.longreprtext) or report.longreprtext.splitlines()[-1:]
    return Failure(
        services=tuple(dict.fromkeys(named)) or touched(item),
        text="\n".join(lines),
        # The last answer is most likely the cause of the failure.
        answers=tuple(answer.answered for answer in reversed(answers)),
    )


def _cleaned(diagnosis: Diagnosis | None) -> Diagnosis | None:
    if diagnosis is None:
        return None
    return Diagnosis(
        service=diagnosis.service,
        sentence=clean_text(diagnosis.sentence),
        command=clean_text(diagnosis.command),
        before=clean_text(diagnosis.before),
        witness=diagnosis.witness,
    )


def _by_use(
    names: tuple[str, ...], stack: RunningStack, diagnosis: Diagnosis | None
) -> tuple[str, ...]:
    """The services, the one whose log shows the cause first, then the culprit."""
    first = (diagnosis.witness, diagnosis.service) if diagnosis else ()
    known = [name for name in first if name in stack.model.services]
    return tuple(dict.fromkeys([*known, *names]))


def _show_trace(path: str) -> str:
    return shlex.join(["playwright", "show-trace", path])


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
