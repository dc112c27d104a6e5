"""The folder of evidence: files of failed tests and starts, without secrets, of the newest runs.

Files are capped, and the secrets of the compose model are removed from them.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.private_files import make_private_folder, restrict_tree, write_private
from stacktest.core.model import Stack
from stacktest.core.redaction import redact
from stacktest.core.secrets import secrets_of
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError
from stacktest.printable import visible

if TYPE_CHECKING:
    from stacktest.reports.page.evidence import Left

FOLDER = Path("reports/evidence")
RUNS_KEPT = 10
LARGEST = 200_000
"""Most characters of a file; of a longer text the end is kept."""
LINES = 400
MARGIN = 1.0
"""Seconds before and after the test that still count as its window."""


class Window(Struct, frozen=True, kw_only=True):
    """The time of one test, in seconds since the epoch."""

    begin: float
    end: float


def left_over(folder: Path) -> "Iterator[Left]":
    """Every file in the folder of evidence, of any run."""
    from stacktest.reports.page.evidence import Left

    for path in sorted(folder.rglob("*")):
        if path.is_file():
            run, *rest = path.relative_to(folder).parts
            if rest:
                yield Left(run=run, path="/".join(rest), size=path.stat().st_size)


def boot_folder(rootdir: Path, run_id: str) -> Path:
    """The folder for the evidence of a failed start, which belongs to the run and to no test."""
    return rootdir / FOLDER / run_id / "boot"


def gather_boot(folder: Path, stack: Stack, engine: Engine, error: StacktestError) -> None:
    """Write the message and the logs of a failed start before its containers are removed."""
    make_folder(folder)
    secrets = secrets_of(stack)
    write_evidence(folder / "message.txt", lambda: "\n".join([*error.lines(), ""]), secrets)
    names = {
        container.service for container in engine.containers(stack.name) if not container.one_off
    }
    for name in sorted(names & set(stack.services)):
        write_evidence(folder / f"{name}.log", partial(service_logs, stack, engine, name), secrets)


def forget_old_runs(rootdir: Path) -> None:
    """Keep the evidence of the last runs only; run ids sort by time."""
    folder = rootdir / FOLDER
    runs = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for path in runs[:-RUNS_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder in that of the evidence, readable for its owner only and ignored by git."""
    evidence = next(path for path in folder.parents if path.parts[-2:] == FOLDER.parts)
    keep_out_of_git(evidence.parent)
    for place in reversed([folder, *folder.parents]):
        if place.is_relative_to(evidence):
            make_private_folder(place, ignored=place.parent == evidence)


def keep_out_of_git(reports: Path) -> None:
    """Make the folder of reports, which git ignores.

    If it holds files that stacktest does not write, git is not told to ignore it.
    """
    names = {path.name for path in reports.iterdir()} if reports.is_dir() else set()
    if names <= _OURS:
        write_file(reports / ".gitignore", "*\n")


def restrict_run(rootdir: Path, run_id: str) -> None:
    """Remove the rights of other users from files that a browser left in the folder of a run."""
    restrict_tree(rootdir / FOLDER / run_id)


def restrict_folder(folder: Path) -> None:
    """The same for files that a browser left in the evidence of one test."""
    restrict_tree(folder)


def write_page(path: Path, html: str, secrets: Iterable[str]) -> None:
    """Write a page about evidence, without secrets."""
    write_private(path, redact(html, secrets))


def write_evidence(path: Path, text: Callable[[], str], secrets: Iterable[str]) -> None:
    """Write evidence, or the error that prevented it: that must not lose the test's own report."""
    try:
        content = text()
    except StacktestError as error:
        content = "\n".join(error.lines())
    content = visible(redact(content, secrets))
    cut = "… the beginning was cut\n" if len(content) > LARGEST else ""
    write_private(path, cut + content[-LARGEST:])


def service_logs(stack: Stack, engine: Engine, service: str, window: Window | None = None) -> str:
    """The last lines of the logs of the service's containers, limited to the window if given."""
    since, until = (window.begin - MARGIN, window.end + MARGIN) if window else (None, None)
    parts: list[str] = []
    for container in engine.containers(stack.name):
        if container.service == service and not container.one_off:
            code = "" if container.exit_code is None else f", exit code {container.exit_code}"
            parts.append(f"# {container.name}: {container.state}{code}\n")
            logs = engine.logs(container.id, tail=LINES, since=since, until=until)
            parts.append(f"# {logs.why}\n" if isinstance(logs, Unknown) else logs)
    return "".join(parts) or f"# {service} has no container\n"


# Private

_OURS = frozenset({"evidence", "shards", "status.html", "fleet.html", "junit.xml"})
"""Names below `reports` that runs, `page` and the recipes for CI write."""
