"""Asks Docker Compose what the stack is, and lets it create what is missing.

Compose resolves its own files: interpolation, merging, `include`, `extends` and profiles are its
business. stacktest reads one `config --format json`, and hands the labels that mark its own
containers to `up --no-start` as one more file on standard input, so that nothing is written down.
The files are always named to Compose, so that the ones listed are the ones that were loaded.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from stacktest.adapters import process
from stacktest.adapters.compose.errors import explain
from stacktest.adapters.compose.files import find_files, included
from stacktest.adapters.compose.model import read_config, read_model, refuse_permanent_twins
from stacktest.core.model import Json, Stack
from stacktest.errors import StacktestError, ToolMissingError

OLDEST = (2, 26)
"""The oldest Compose whose output this module is tested with."""
CREATE_TIMEOUT = 1800.0
"""Seconds for pulling, building and creating."""


class Compose:
    """One compose project: its folder, its files and its name."""

    def __init__(
        self,
        root: Path,
        files: Sequence[str] = (),
        env_files: Sequence[str] = (),
        project: str | None = None,
    ) -> None:
        self.root = root
        self.env_files = tuple(env_files)
        self.project = project
        self._named = tuple(files)
        self._files: tuple[Path, ...] | None = None
        self._answer: Future[process.Completed] | None = None
        self._environment: dict[str, str] = {}
        self._version: Future[tuple[int, ...]] | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that make up the project, absolute; UsageError when there is none."""
        if self._files is None:
            self._files = find_files(self.root, self._named, self.env_files, os.environ)
        return self._files

    def ask(self, *, version: bool = True) -> None:
        """Ask what the stack is, now: `model` waits for the answer. UsageError: it has no files.

        Whoever records what a stack is records Compose's version, too, which is asked for right
        after, not beside: two of these programs and this one would share two cores.
        """
        if self._answer is not None:
            return
        argv = self._argv("--profile", "*", "config", "--format", "json")
        self._answer, self._environment = Future(), _environment()
        questions: list[_Question] = [(self._answer, partial(self._config, argv))]
        if version and self._version is None:
            self._version = Future()
            questions.append((self._version, self._ask_version))
        # Nobody waits for an answer that is not needed any more, not even at the end.
        threading.Thread(target=_put, args=(questions,), name="compose", daemon=True).start()

    def model(self) -> Stack:
        """The stack with every profile switched on: one call of Compose, routes left empty.

        What Compose refuses is one UsageError that names the file, the key and what to do.
        """
        if self._environment != _environment():
            # Asked when a variable that the files may name had another value.
            self._answer = None
        self.ask()
        assert self._answer is not None  # noqa: S101 - asked
        answer, self._answer = self._answer, None
        # Read as written while Compose resolves them: fingerprints need both.
        files = included(self.files)
        result = answer.result()
        if result.code != 0:
            raise self._explained(result)
        try:
            document = read_config(result.out)
        except ValueError as error:
            raise self._explained(result) from error
        stack = read_model(document, root=self.root, files=files)
        refuse_permanent_twins(stack)
        return stack

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        timeout: float = CREATE_TIMEOUT,
    ) -> process.Completed:
        """Creates containers, networks and volumes that are missing; starts and replaces nothing.

        `override` is laid over the files (labels); Compose keeps the files `holding` open while it
        lives. Returns what it printed, its code unjudged. One that is too old creates nothing.
        """
        self.version()
        argv = self._argv("-f", "-", "--profile", "*", "up", "--no-start", "--no-deps")
        argv += ["--no-recreate", "--quiet-pull", *services]
        return process.run(
            argv,
            cwd=self.root,
            input=json.dumps(override),
            timeout=timeout,
            holding=holding,
        )

    def start(
        self, services: Iterable[str], override: Json, *, timeout: float = 120
    ) -> process.Completed:
        """Starts created containers through Compose, for what only it can do at a start."""
        argv = self._argv("-f", "-", "--profile", "*", "up", "--detach", "--no-deps")
        argv += ["--no-recreate", *services]
        return process.run(argv, cwd=self.root, input=json.dumps(override), timeout=timeout)

    def version(self) -> tuple[int, ...]:
        """Compose's version, asked for once; ToolMissingError when it is absent or too old."""
        if self._version is None:
            self._version = Future()
            _put([(self._version, self._ask_version)])
        return self._version.result()

    def _config(self, argv: Sequence[str]) -> process.Completed:
        result = process.run(argv, cwd=self.root, timeout=120)
        if result.code == 0 or not _TWINS.search(result.err):
            return result
        # Newer Compose refuses even alternatives that profiles keep apart: we judge that ourselves.
        return process.run([*argv, "--no-consistency"], cwd=self.root, timeout=120)

    def _ask_version(self) -> tuple[int, ...]:
        result = process.run(("docker", "compose", "version", "--short"), timeout=60)
        match = re.match(r"v?(\d+)\.(\d+)\.?(\d+)?", result.out.strip())
        if result.code != 0 or not match:
            raise ToolMissingError(
                "the docker command has no Compose plugin",
                where=result.command,
                hint="install Docker Compose 2.26 or newer, then: stacktest doctor",
            )
        version = tuple(int(part) for part in match.groups(default="0"))
        if version < OLDEST:
            raise ToolMissingError(
                f"Docker Compose {match[0]} is too old; stacktest needs 2.26 or newer",
                where=result.command,
                hint="update Docker Compose, then: stacktest doctor",
            )
        return version

    def _argv(self, *rest: str) -> list[str]:
        argv = ["docker", "compose", "--ansi", "never"]
        if self.project:
            argv += ["--project-name", self.project]
        for name in self.env_files:
            argv += ["--env-file", name]
        for path in self.files:
            argv += ["--file", str(path)]
        return [*argv, *rest]

    def _explained(self, result: process.Completed) -> StacktestError:
        """Why Compose refused: an unusable Compose first, since it refuses for no good reason."""
        self.version()
        return explain(result, root=self.root, files=self.files, env_files=self.env_files)


# Private

_Question = tuple[Future[Any], Callable[[], Any]]
"""Where the answer goes, and what asks for it."""


def _put(questions: Iterable[_Question]) -> None:
    """Put one question after the other; what one raises is raised by who waits for its answer."""
    for answer, question in questions:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that can act on it
            answer.set_exception(error)


def _environment() -> dict[str, str]:
    """The variables that Compose sees, but for those that pytest sets for each test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


_TWINS = re.compile(r'services\.\S+: container name "[^"]+" is already in use by service')
