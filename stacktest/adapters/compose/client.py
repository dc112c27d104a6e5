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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from stacktest.adapters import process
from stacktest.adapters.compose.errors import explain
from stacktest.adapters.compose.files import find_files, included
from stacktest.core.model import Build, Dependency, FileRef, Json, Mount, Port, Service, Stack
from stacktest.errors import StacktestError, ToolMissingError, UsageError

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
        asked = self._argv("--profile", "*", "config", "--format", "json")
        self._answer, self._environment = Future(), _environment()
        questions: list[_Question] = [(self._answer, partial(self._config, asked))]
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
        said = answer.result()
        if said.code != 0:
            raise self._explained(said)
        try:
            document = json.loads(said.out)
        except ValueError as error:
            raise self._explained(said) from error
        stack = read_model(document, root=self.root, files=files)
        _refuse_twins(stack, stack.services, both_profiles=False)
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
        lives. Returns what it said, its code unjudged. One that is too old creates nothing.
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

    def _config(self, asked: Sequence[str]) -> process.Completed:
        said = process.run(asked, cwd=self.root, timeout=120)
        if said.code == 0 or not _TWINS.search(said.err):
            return said
        # Newer Compose refuses even alternatives that profiles keep apart: we judge that ourselves.
        return process.run([*asked, "--no-consistency"], cwd=self.root, timeout=120)

    def _ask_version(self) -> tuple[int, ...]:
        said = process.run(("docker", "compose", "version", "--short"), timeout=60)
        found = re.match(r"v?(\d+)\.(\d+)\.?(\d+)?", said.out.strip())
        if said.code != 0 or not found:
            raise ToolMissingError(
                "the docker command has no Compose plugin",
                where=said.command,
                hint="install Docker Compose 2.26 or newer, then: stacktest doctor",
            )
        version = tuple(int(part) for part in found.groups(default="0"))
        if version < OLDEST:
            raise ToolMissingError(
                f"Docker Compose {found[0]} is too old; stacktest needs 2.26 or newer",
                where=said.command,
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

    def _explained(self, said: process.Completed) -> StacktestError:
        """Why Compose refused: an unusable Compose first, since it refuses for no good reason."""
        self.version()
        return explain(said, root=self.root, files=self.files, env_files=self.env_files)


def read_model(document: Json, *, root: Path, files: Sequence[Path] = ()) -> Stack:
    """The stack that `docker compose config --format json` describes."""
    definitions = {
        key: document.get(key) or {} for key in ("networks", "volumes", "configs", "secrets")
    }
    services = {
        name: _service(name, stanza or {}, definitions)
        for name, stanza in sorted((document.get("services") or {}).items())
    }
    return Stack(
        name=document.get("name", ""),
        root=root,
        services=services,
        definitions=definitions,
        compose_files=tuple(str(path) for path in files),
    )


def refuse_twins(stack: Stack, services: Iterable[str]) -> None:
    """UsageError when two of the services insist on the same container name."""
    _refuse_twins(stack, services, both_profiles=True)


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


def _refuse_twins(stack: Stack, services: Iterable[str], *, both_profiles: bool) -> None:
    holder: dict[str, Service] = {}
    for service in (stack.services[name] for name in sorted(services)):
        if not service.container_name:
            continue
        other = holder.setdefault(service.container_name, service)
        if other is service or not (both_profiles or _meet(other, service)):
            continue
        raise UsageError(
            f"services {other.name} and {service.name} have the same container_name "
            f"{service.container_name!r}",
            where=f"services.{service.name}.container_name in {_shown(stack)}",
            hint="give each its own container_name, or remove both",
        )


def _meet(one: Service, other: Service) -> bool:
    """False when the two are alternatives: each has profiles, and they share none."""
    return not (one.profiles and other.profiles) or bool(set(one.profiles) & set(other.profiles))


def _shown(stack: Stack) -> str:
    paths = (Path(name) for name in stack.compose_files)
    return ", ".join(
        str(path.relative_to(stack.root)) if path.is_relative_to(stack.root) else str(path)
        for path in paths
    )


def _service(name: str, stanza: Json, definitions: Mapping[str, Json]) -> Service:
    return Service(
        name=name,
        image=stanza.get("image", ""),
        profiles=tuple(stanza.get("profiles") or ()),
        depends_on=tuple(
            Dependency(
                service=other,
                condition=entry.get("condition", "service_started"),
                required=entry.get("required", True),
            )
            for other, entry in sorted((stanza.get("depends_on") or {}).items())
        ),
        ports=tuple(_port(port) for port in stanza.get("ports") or ()),
        mounts=_mounts(stanza),
        files=_files(stanza, definitions, "configs") + _files(stanza, definitions, "secrets"),
        networks=tuple(sorted(stanza.get("networks") or {})),
        build=_build(stanza.get("build")),
        has_healthcheck=_has_check(stanza.get("healthcheck")),
        restart=stanza.get("restart", ""),
        command=tuple(stanza["command"]) if stanza.get("command") is not None else None,
        container_name=stanza.get("container_name", ""),
        labels=dict(stanza.get("labels") or {}),
        environment=dict(stanza.get("environment") or {}),
        definition=stanza,
    )


def _port(port: Json) -> Port:
    published = str(port.get("published") or "")
    return Port(
        target=int(port["target"]),
        # A range leaves the choice to the engine, as no number does.
        published=int(published) if published.isdigit() and published != "0" else None,
        host_ip=port.get("host_ip", ""),
        protocol=port.get("protocol", "tcp"),
    )


def _mounts(stanza: Json) -> tuple[Mount, ...]:
    mounts = [
        Mount(
            kind=each.get("type", ""),
            source=each.get("source", ""),
            target=each.get("target", ""),
            read_only=bool(each.get("read_only", False)),
        )
        for each in stanza.get("volumes") or ()
    ]
    tmpfs = stanza.get("tmpfs") or ()
    names = [tmpfs] if isinstance(tmpfs, str) else tmpfs
    mounts += [Mount(kind="tmpfs", source="", target=str(each).split(":")[0]) for each in names]
    return tuple(mounts)


def _files(stanza: Json, definitions: Mapping[str, Json], key: str) -> tuple[FileRef, ...]:
    sources = (
        each if isinstance(each, str) else each.get("source", "") for each in stanza.get(key) or ()
    )
    return tuple(
        FileRef(
            name=source,
            path=(definitions[key].get(source) or {}).get("file", ""),
            secret=key == "secrets",
        )
        for source in sources
    )


def _build(build: Json) -> Build | None:
    if build is None:
        return None
    return Build(
        context=build.get("context", ""),
        dockerfile=build.get("dockerfile", "Dockerfile"),
        target=build.get("target", ""),
        arguments=tuple(sorted(build.get("args") or {})),
        inline=bool(build.get("dockerfile_inline")),
    )


def _has_check(check: Json) -> bool:
    """True when the stack itself defines a probe; one of the image shows only when it runs."""
    if not check or check.get("disable"):
        return False
    test = check.get("test")
    return bool(test) and test != ["NONE"]
