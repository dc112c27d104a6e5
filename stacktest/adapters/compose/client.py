"""Reads the stack's model from Docker Compose, and creates and starts containers through it.

Compose itself resolves interpolation, merging, `include`, `extends` and profiles. stacktest reads
the output of one `config --format json`, and passes the labels that mark its own containers to
`up --no-start` as one more file on standard input, so that no file is written.
The files are always named to Compose, so that the listed files are the loaded ones.
"""

import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stacktest.adapters import process
from stacktest.adapters.compose.command_line import command_options, working_folder
from stacktest.adapters.compose.files import (
    ProjectFiles,
    environment_of,
    file_options,
    find_project_files,
)
from stacktest.adapters.compose.json_config import read_config, write_config
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolFailedError, ToolMissingError

if TYPE_CHECKING:
    from stacktest.core.model import Stack

OLDEST = (2, 26)
"""The oldest Compose whose output this module is tested with."""
CONFIG_TIMEOUT = 120.0
"""Seconds for reading the files."""
CREATE_TIMEOUT = 1800.0
"""Seconds for pulling, building and creating."""
ALL_PROFILES = ("*",)


class Compose:
    """One compose project: its folder, its files and its name."""

    def __init__(
        self,
        root: Path,
        files: Sequence[str] = (),
        env_files: Sequence[str] = (),
        project: str | None = None,
        *,
        directory: str = "",
    ) -> None:
        self.root = root
        self.project = project
        self._named = tuple(files)
        self._env_files = tuple(env_files)
        self._directory = directory
        self._profiles: tuple[str, ...] = ALL_PROFILES
        self._answer: Future[process.Completed] | None = None
        self._environment: dict[str, str] = {}
        self._version: Future[tuple[int, ...]] | None = None
        self.before_creating: Callable[[], None] = lambda: None
        """Called by `create`; raises if the docker command would use another engine."""

    @cached_property
    def project_files(self) -> ProjectFiles:
        """The compose files and environment files of the project; UsageError if it has none."""
        return find_project_files(
            self.root, self._named, self._env_files, os.environ, directory=self._directory
        )

    def ask(self, *, version: bool = True) -> None:
        """Start `docker compose config` in the background; `model` waits for its output.

        UsageError: the project has no files. `version` also reads Compose's version, which a run
        records; it is read after the model, not at the same time, since both need a core.
        """
        if self._answer is not None:
            return
        # Searched now, so that a project without files raises its error in the caller.
        _ = self.project_files
        self._answer, self._environment = Future(), _environment()
        questions: list[_Question] = [(self._answer, partial(self._config, ALL_PROFILES))]
        if version and self._version is None:
            self._version = Future()
            questions.append((self._version, self._ask_version))
        # A daemon: an answer that is no longer needed does not delay the exit.
        threading.Thread(
            target=_put, args=(questions,), name="stacktest-compose", daemon=True
        ).start()

    def model(self) -> "Stack":
        """The stack with every profile switched on, without routes.

        One call of Compose, unless a service in a profile that is off cannot be read: then that
        service alone is `unreadable`. Every other refusal of Compose is one UsageError that names
        the file, the key and what to do.
        """
        if self._environment != _environment():
            # The answer is for another environment: the files may use a variable that has changed.
            self._answer = None
            self.__dict__.pop("project_files", None)
        self.ask(version=False)
        # Imported here, while Compose runs in the background.
        from stacktest.adapters.compose.model import read_model, refuse_permanent_twins
        from stacktest.adapters.compose.profiles import load_by_profile
        from stacktest.adapters.compose.unset import path_variables, unset_variables

        assert self._answer is not None  # noqa: S101 - asked
        answer, self._answer = self._answer, None
        if not answer.done():
            self._read_ahead()
        result = answer.result()
        document, unreadable = _document(result), {}
        if document is None:
            loaded = load_by_profile(self.project_files, self._config, self._explained)
            document, unreadable, self._profiles = (
                loaded.document,
                dict(loaded.unreadable),
                loaded.profiles,
            )
        project = self.project_files
        stack = read_model(
            document,
            root=self.root,
            files=project.paths,
            directory=project.directory,
            options=command_options(project, working_folder(), name=self.project),
            profiles=project.profiles,
            unreadable=unreadable,
            unset=unset_variables(result.err, project),
            path_variables=path_variables(project),
            naming_variables=project.naming,
        )
        refuse_permanent_twins(stack)
        return stack

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        without: Iterable[str] = (),
        timeout: float = CREATE_TIMEOUT,
    ) -> process.Completed:
        """Create missing containers, networks and volumes; start and replace none.

        `override` is merged over the files (labels); Compose keeps the file descriptors `holding`
        open while it runs. Networks and volumes that only the services `without` need are not
        required. Returns the result with any exit code. ToolMissingError: Compose is too old.
        """
        self.version()
        self.before_creating()
        words = ("up", "--no-start", "--no-deps", "--no-recreate", "--quiet-pull", *services)
        return self._up(words, override, timeout=timeout, holding=holding, bare=without)

    def start(
        self, services: Iterable[str], override: Json, *, timeout: float = 120
    ) -> process.Completed:
        """Start created containers through Compose, which alone handles inline files and hooks."""
        words = ("up", "--detach", "--no-deps", "--no-recreate", *services)
        return self._up(words, override, timeout=timeout)

    def recreate(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        timeout: float = CREATE_TIMEOUT,
    ) -> process.Completed:
        """Replace the containers of services and start the new ones, from images of this engine.

        Compose keeps the file descriptors `holding` open while it runs.
        """
        words = ("up", "--detach", "--no-deps", "--force-recreate", "--no-build", "--pull", "never")
        return self._up((*words, *services), override, timeout=timeout, holding=holding)

    def fetch(
        self, services: Iterable[str], *, build: bool, timeout: float = CREATE_TIMEOUT
    ) -> process.Completed:
        """Build the images of services, or pull those that are not built; start no container."""
        words = ("build",) if build else ("pull", "--ignore-buildable")
        return self._up((*words, *services), {"services": {}}, timeout=timeout)

    def config_hashes(self, document: Json) -> Mapping[str, str] | Unknown:
        """Service → the config hash that Compose puts on its container, for a resolved document.

        A service that Compose refuses is left out; it refuses some that it has printed itself.
        """
        services = dict(document["services"])
        while services:
            try:
                result = self._hash({**document, "services": services})
            except StacktestError as error:
                return Unknown(error.what)
            if result.code == 0:
                rows = (line.split() for line in result.out.splitlines())
                return {row[0]: row[1] for row in rows if len(row) == _HASH_ROW}
            refused = _refused_service(result.err, services)
            if refused is None:
                return Unknown(f"Compose computes no hashes: {result.tail}")
            del services[refused]
        return {}

    def version(self) -> tuple[int, ...]:
        """Compose's version, read once; ToolMissingError when it is absent or too old."""
        if self._version is None:
            self._version = Future()
            _put([(self._version, self._ask_version)])
        return self._version.result()

    def _read_ahead(self) -> None:
        """Parse the files, which fingerprints need later, while Compose is running."""
        for path in self.project_files.paths:
            load_yaml(str(path))

    def _up(
        self,
        words: Iterable[str],
        override: Json,
        *,
        timeout: float,
        holding: Sequence[int] = (),
        bare: Iterable[str] = (),
    ) -> process.Completed:
        return process.run(
            self._argv(*_profile_options(self._profiles), *words, more=("-",)),
            cwd=self.root,
            env=environment_of(self.project_files, "-"),
            input=write_config(override, bare=bare),
            timeout=timeout,
            holding=holding,
        )

    def _config(self, profiles: Iterable[str]) -> process.Completed:
        argv = self._argv(*_profile_options(profiles), "config", "--format", "json")
        environment = environment_of(self.project_files)
        try:
            result = process.run(argv, cwd=self.root, env=environment, timeout=CONFIG_TIMEOUT)
        except ToolFailedError as error:
            from stacktest.adapters.compose.silence import explain_silence

            raise explain_silence(self.project_files) or error from None
        if result.code == 0 or not _TWINS.search(result.err):
            return result
        # Newer Compose refuses one container name for two services even if no profile starts both:
        # `refuse_permanent_twins` checks that instead.
        argv.append("--no-consistency")
        return process.run(argv, cwd=self.root, env=environment, timeout=CONFIG_TIMEOUT)

    def _hash(self, document: Json) -> process.Completed:
        argv = ["docker", "compose", "--ansi", "never", "--project-directory", str(self.root)]
        # Without the check, a service may refer to another that is not in the document.
        argv += ["--profile", "*", "--file", "-", "config", "--no-consistency", "--hash", "*"]
        return process.run(argv, cwd=self.root, input=write_config(document), timeout=120)

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

    def _argv(self, *words: str, more: Sequence[str] = ()) -> list[str]:
        project = self.project_files
        argv = ["docker", "compose", "--ansi", "never"]
        if self.project:
            argv += ["--project-name", self.project]
        if project.directory != project.paths[0].parent:
            argv += ["--project-directory", str(project.directory)]
        for name in project.env_files:
            argv += ["--env-file", name]
        return [*argv, *file_options(project, *more), *words]

    def _explained(self, result: process.Completed) -> StacktestError:
        """Why Compose refused; raises first if Compose is too old, the likelier reason."""
        from stacktest.adapters.compose.errors import explain

        version = self.version()
        return explain(result, project=self.project_files, version=version)


class StackFiles(Protocol):
    """The settings of the compose project in the section `[stack]` of the configuration."""

    @property
    def compose(self) -> tuple[str, ...]:
        """The compose files."""

    @property
    def env_files(self) -> tuple[str, ...]:
        """The files that Compose interpolates with."""

    @property
    def project_directory(self) -> str:
        """The folder that relative paths start from."""

    @property
    def project_name(self) -> str:
        """The project's name."""


def compose_of(root: Path, section: StackFiles) -> Compose:
    """A client of Compose for the files that the configuration of a stack names."""
    return Compose(
        root,
        section.compose,
        section.env_files,
        section.project_name or None,
        directory=section.project_directory,
    )


# Private

_HASH_ROW = 2

_Question = tuple[Future[Any], Callable[[], Any]]
"""The future that receives the answer, and the function that returns it."""

_TWINS = re.compile(r'services\.\S+: container name "[^"]+" is already in use by service')


def _refused_service(message: str, services: Iterable[str]) -> str | None:
    """The service that Compose refuses; the longest name, since one may be a prefix of another."""
    refused = [n for n in services if f"services.{n}." in message or f'service "{n}"' in message]
    return max(refused, key=len, default=None)


def _put(questions: Iterable[_Question]) -> None:
    """Run the functions one after the other; an exception is raised in the thread that waits."""
    for answer, question in questions:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that can act on it
            answer.set_exception(error)


def _environment() -> dict[str, str]:
    """The variables that Compose sees, without those that pytest sets for each test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def _profile_options(profiles: Iterable[str]) -> list[str]:
    return [part for profile in profiles for part in ("--profile", profile)]


def _document(result: process.Completed) -> Json | None:
    """The model that Compose printed, or None when it refused."""
    if result.code != 0:
        return None
    try:
        return read_config(result.out)
    except (ValueError, RecursionError):
        return None
