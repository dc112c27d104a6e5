"""Reads the fingerprints of a stack's services: which paths belong to which part, in what order.

config   bind mounts inside the project that are read-only; files of `configs:` and `secrets:`;
         configs/<service>/; what `[services.NAME] config` declares
left     writable mounts and mounts from outside the project; what `ignore` names; what
out      stacktest itself writes. All of it is listed in `Fingerprint.left_out`.
"""

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stacktest.adapters.compose.variables import read_variables
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.adapters.fingerprint_inputs.build_context import read_build
from stacktest.adapters.fingerprint_inputs.files import FileReader, Reading, UnreadableError, merged
from stacktest.adapters.git.tracked_files import tracked_files
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.file_tree import Entry
from stacktest.core.fingerprint.fingerprint import (
    KEYED,
    NONE,
    Fingerprint,
    Part,
    build_part,
    config_part,
    definition_part,
    env_part,
    image_part,
    repo_part,
)
from stacktest.core.fingerprint.service_definition import ProjectPaths, used_definitions
from stacktest.core.fingerprint.source_definition import ComposeSources, read_sources
from stacktest.core.model import Json, Service, Stack
from stacktest.core.unknown import Unknown


class _ServiceSection(Protocol):
    @property
    def config(self) -> tuple[str, ...]: ...
    @property
    def ignore(self) -> tuple[str, ...]: ...


class _StackSection(Protocol):
    @property
    def ledger(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def env_files(self) -> tuple[str, ...]: ...


class Settings(Protocol):
    """What of the configuration a fingerprint depends on."""

    @property
    def stack(self) -> _StackSection:
        """Where the ledger and the status lie, so that they are not read as input."""

    def service(self, name: str, /) -> _ServiceSection:
        """Extra paths and ignore patterns of one service."""


def read_fingerprints(
    stack: Stack,
    *,
    key: Key | Unknown,
    images: Mapping[str, Json | Unknown],
    config: Settings,
    services: Iterable[str] | None = None,
) -> Mapping[str, Fingerprint]:
    """The fingerprint of each service (all of them by default), read now.

    `images` is `docker image inspect` of the image that the service's container runs, else of its
    tag. The same files, values and images give the same fingerprints wherever the project lies.
    """
    names = sorted(stack.services if services is None else services)
    files = FileReader(
        root=stack.root,
        key=key,
        secret_paths=_secret_paths(stack),
        own=_own_paths(stack.root, config.stack),
    )
    sources = read_sources(stack, load_yaml)
    stack_reading = _StackReading(
        stack=stack,
        key=key,
        config=config,
        files=files,
        sources=sources,
        tracked=tracked_files(stack.root, _outside(stack, sources)),
        variables=_variables(stack, config, names),
        paths=ProjectPaths(
            roots=files.roots,
            outside={} if isinstance(sources, Unknown) else sources.outside(),
        ),
    )
    missing = Unknown("no image was looked up")
    return {
        name: stack_reading.fingerprint(stack.services[name], images.get(name, missing))
        for name in names
    }


# Private


@dataclass(kw_only=True, slots=True)
class _StackReading:
    """What all services of one call share."""

    stack: Stack
    key: Key | Unknown
    config: Settings
    files: FileReader
    sources: ComposeSources | Unknown
    tracked: frozenset[str] | Unknown
    variables: Mapping[str, str | None] | Unknown
    paths: ProjectPaths

    def fingerprint(self, service: Service, image: Json | Unknown) -> Fingerprint:
        if service.unreadable:
            why = Unknown(service.unreadable)
            others = dict.fromkeys(("image", "config", "env", "build"), NONE)
            return Fingerprint(parts={**others, "stanza": why}, repo=why, key_id="")
        config, build = self._config(service), self._build(service)
        arguments = service.build.arguments if service.build else ()
        parts = {
            "image": image_part(image),
            "config": config_part(self._entries(config)),
            "env": self._env(service),
            "stanza": definition_part(self.stack, service, self.key, self.paths),
            "build": build_part(self._entries(build), arguments)
            if service.build
            else Part(value=NONE),
        }
        repo = repo_part(self._written(service), self._kept(config), self._kept(build), arguments)
        detail = {name: part.detail for name, part in parts.items()} | {"repo": repo.detail}
        return Fingerprint(
            parts={name: part.value for name, part in parts.items()},
            repo=repo.value,
            key_id=self.key.key_id if isinstance(self.key, Key) else "",
            keyed=tuple(name for name, part in parts.items() if part.keyed or name in KEYED),
            detail=detail,
            left_out=merged(r for r in (config, build) if isinstance(r, Reading)),
        )

    def _config(self, service: Service) -> Reading | Unknown:
        section = self.config.service(service.name)
        into = Reading(ignored=_ignored(section.ignore))
        try:
            usual = f"configs/{service.name}"
            always = (usual, *map(posixpath.normpath, section.config))
            self._read_mounts(service, into, always)
            self._read_files(service, into)
            self.files.read(f"{self.files.roots[0]}/{usual}", usual, into)
            for extra in section.config:
                self._read_extra(service, extra, into)
        except UnreadableError as error:
            return Unknown(str(error))
        return into

    def _read_mounts(self, service: Service, into: Reading, always: tuple[str, ...]) -> None:
        for mount in service.mounts:
            if mount.kind != "bind":
                continue
            path = self.files.relative(os.path.normpath(mount.source))
            if path is None:
                shown = self.paths.portable(os.path.normpath(mount.source))
                into.leave_out(shown, "mounted from outside the project")
            elif mount.read_only:
                secret = mount.target.startswith("/run/secrets")
                self.files.read(mount.source, path, into, secret=secret)
            elif not any(path == top or path.startswith(f"{top}/") for top in always):
                into.leave_out(path or ".", "the container may write to it")

    def _read_files(self, service: Service, into: Reading) -> None:
        for file in service.files:
            if not file.path:
                continue
            path = self.files.relative(os.path.normpath(file.path))
            kind = "secret" if file.secret else "config"
            label = f"{kind} {file.name}" if path is None else path
            self.files.read(file.path, label, into, secret=file.secret)
            if label not in into.entries:
                into.entries[label] = Entry(path=label, kind="missing", source=label)

    def _read_extra(self, service: Service, extra: str, into: Reading) -> None:
        path = os.path.normpath(f"{self.files.roots[0]}/{extra}")
        if not os.path.lexists(path):
            raise UnreadableError(f"services.{service.name}.config names {extra}: no such file")
        label = self.files.relative(path)
        self.files.read(path, extra if label is None else label, into)

    def _build(self, service: Service) -> Reading | Unknown:
        if service.build is None:
            return Reading()
        try:
            return read_build(self.files, service.build)
        except UnreadableError as error:
            return Unknown(str(error))

    def _env(self, service: Service) -> Part:
        names = _from_variables(self.stack, service)
        if names and isinstance(self.variables, Unknown):
            return Part(value=self.variables, keyed=True)
        variables = {} if isinstance(self.variables, Unknown) else self.variables
        values = {label: variables.get(name) for label, name in names.items()}
        return env_part(service.environment, self.key, values)

    def _written(self, service: Service) -> Json | Unknown:
        if isinstance(self.sources, Unknown):
            return self.sources
        if isinstance(self.tracked, Unknown):
            return self.tracked
        return self.sources.value(service.name, self.tracked.__contains__)

    def _entries(self, reading: Reading | Unknown) -> Iterable[Entry] | Unknown:
        if isinstance(reading, Reading) and reading.unsigned and isinstance(self.key, Unknown):
            return Unknown(f"{reading.unsigned} is secret: {self.key.why}")
        return reading if isinstance(reading, Unknown) else reading.entries.values()

    def _kept(self, reading: Reading | Unknown) -> list[Entry] | Unknown:
        """The entries that git tracks, unless what they are could not be read."""
        if isinstance(reading, Unknown):
            return reading
        if isinstance(self.tracked, Unknown):
            return self.tracked
        return [entry for entry in reading.entries.values() if entry.source in self.tracked]


def _ignored(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    if not patterns:
        return None
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(patterns).match_file


def _secret_paths(stack: Stack) -> frozenset[str]:
    return frozenset(
        os.path.normpath(file.path)
        for service in stack.services.values()
        for file in service.files
        if file.secret and file.path
    )


def _own_paths(root: Path, section: _StackSection) -> frozenset[str]:
    """Where stacktest writes: reading it back would make every run change every fingerprint."""
    folder = posixpath.dirname(section.status)
    beside = ("status.meta.json", "stacktest.json")
    paths = (section.ledger, section.status, *(posixpath.join(folder, name) for name in beside))
    return frozenset(os.path.normpath(root / path) for path in paths)


def _from_variables(stack: Stack, service: Service) -> Mapping[str, str]:
    """Label -> variable, of the `configs:` and `secrets:` whose content is a variable's value."""
    labelled: dict[str, str] = {}
    if not isinstance(service.definition, Mapping):
        return labelled
    for section, name in used_definitions(stack, service):
        definition = stack.definitions[section][name]
        if section in ("configs", "secrets") and isinstance(definition, Mapping):
            variable = definition.get("environment")
            if variable:
                labelled[f"{section.removesuffix('s')} {name}"] = str(variable)
    return labelled


def _variables(
    stack: Stack, config: Settings, services: Iterable[str]
) -> Mapping[str, str | None] | Unknown:
    names = {
        variable
        for name in services
        for variable in _from_variables(stack, stack.services[name]).values()
    }
    folder = Path(stack.project_directory or stack.root)
    return read_variables(folder, names, config.stack.env_files, root=stack.root)


def _outside(stack: Stack, sources: ComposeSources | Unknown) -> list[str]:
    """Folders beyond the stack's own that may hold tracked files, relative to it."""
    paths = [s.build.context for s in stack.services.values() if s.build]
    if isinstance(sources, ComposeSources):
        paths += [posixpath.dirname(source.path) for source in sources.sources]
    root = Path(stack.root)
    relative = (os.path.relpath(path, root) for path in paths if path.startswith("/"))
    return sorted({path for path in relative if path == ".." or path.startswith("../")})
