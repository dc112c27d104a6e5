"""Computes the fingerprint of each service, from data that all services of one call share."""

import os
import posixpath
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.compose.variables import read_variables
from stacktest.adapters.fingerprint_inputs.build_context import BuildReading, read_build
from stacktest.adapters.fingerprint_inputs.files import (
    FileReader,
    Reading,
    UnreadableError,
    merged,
)
from stacktest.adapters.fingerprint_inputs.mounted_files import (
    ConfigReading,
    TrackedFiles,
)
from stacktest.adapters.fingerprint_inputs.settings import Settings
from stacktest.core.bound_volumes import as_bind
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.carried import Carried, digest_of
from stacktest.core.fingerprint.digest import Key, content_digest
from stacktest.core.fingerprint.dockerfile import base_image
from stacktest.core.fingerprint.file_tree import Entry, tree_detail
from stacktest.core.fingerprint.fingerprint import (
    FINGERPRINT_VERSION,
    KEYED,
    NONE,
    PARTS,
    Fingerprint,
    Inputs,
    Part,
    build_part,
    config_part,
    definition_part,
    env_part,
    image_part,
    repo_part,
)
from stacktest.core.fingerprint.service_definition import ProjectPaths, used_definitions
from stacktest.core.fingerprint.source_definition import ComposeSources
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown

OLDER = range(1, FINGERPRINT_VERSION)
FIRST = 1
"""The first version of the fingerprint, which counted other files."""


class StackReading(Struct, kw_only=True):
    """Reads the parts of each service; equal files, values and images give equal parts."""

    stack: Stack
    key: Key | Unknown
    config: Settings
    files: FileReader
    sources: ComposeSources | Unknown
    tracked: TrackedFiles
    variables: Mapping[str, str | None] | Unknown
    paths: ProjectPaths
    stanzas: Mapping[str, Part]
    """Name → the part that is made from the service's resolved definition."""
    configs: Mapping[str, ConfigReading | Unknown]
    """Name → the files that count for the service; without services that cannot be read."""
    routes: Mapping[str, str]
    """Host name → the target of its route."""
    door_files: Mapping[str, str]
    """File with routes or certificates of the front door → its digest."""
    unread_routes: str
    """Why routes of the stack may be missing; empty if all files of front doors could be read."""

    def fingerprint(self, service: Service, image: Json | Unknown) -> Fingerprint:
        """The fingerprint of one service, with the inputs of its container."""
        if service.unreadable:
            why = Unknown(service.unreadable)
            others: dict[str, str | Unknown] = dict.fromkeys(PARTS, NONE)
            return Fingerprint(parts={**others, "stanza": why}, repo=why, key_id="")
        config, build = self.configs[service.name], self._build(service)
        arguments = service.build.arguments if service.build else ()
        config_entries = self._entries(_reading(config))
        build_entries = self._entries(_reading(build))
        parts = {
            "image": image_part(image),
            "config": config_part(config_entries, self.key),
            "env": self._env(service),
            "stanza": self.stanzas[service.name],
            "build": build_part(build_entries, arguments, self.key)
            if service.build
            else Part(value=NONE),
        }
        tracked = self._tracked(_reading(config)), self._tracked(_reading(build))
        repo = repo_part(self._written(service), *tracked, arguments)
        detail = {name: part.detail for name, part in parts.items()} | {"repo": repo.detail}
        detail |= {"routes": self.routes, "door": self.door_files}
        return Fingerprint(
            parts={name: part.value for name, part in parts.items()},
            repo=repo.value,
            key_id=self.key.key_id if isinstance(self.key, Key) else "",
            keyed=tuple(name for name, part in parts.items() if part.keyed or name in KEYED),
            detail=detail,
            left_out=merged(r for r in map(_reading, (config, build)) if isinstance(r, Reading)),
            carried=Carried(OLDER, lambda v: self._old_digest(v, service, parts, config, build)),
            carried_repo=Carried(OLDER, lambda v: self._old_repo(v, service, config, build)),
            base_image=_base_of(service, build),
            inputs=cache(lambda: self._inputs(service, config, build)),
            doubts={"stanza": self.unread_routes} if self.unread_routes else {},
        )

    # Private

    def _old_digest(
        self,
        version: int,
        service: Service,
        parts: Mapping[str, Part],
        config: ConfigReading | Unknown,
        build: BuildReading | Unknown,
    ) -> str | Unknown:
        """The digest in the form of an older version, from the same readings."""
        arguments = service.build.arguments if service.build else ()
        entries = [self._entries(_reading(part)) for part in (config, build)]
        old = {
            **parts,
            "config": config_part(_old_entries(version, entries[0], config), self.key, version),
            "stanza": definition_part(self.stack, service, self.key, self.paths, version),
        }
        if service.build:
            old_build = _old_entries(version, entries[1], build)
            old["build"] = build_part(old_build, arguments, self.key, version)
        return digest_of(version, {name: part.value for name, part in old.items()})

    def _old_repo(
        self,
        version: int,
        service: Service,
        config: ConfigReading | Unknown,
        build: BuildReading | Unknown,
    ) -> str | Unknown:
        """The repository's digest in the form of an older version."""
        arguments = service.build.arguments if service.build else ()
        tracked = [self._tracked(_reading(part)) for part in (config, build)]
        return repo_part(
            self._written(service, version),
            _old_entries(version, tracked[0], config),
            _old_entries(version, tracked[1], build),
            arguments,
        ).value

    def _inputs(
        self, service: Service, config: ConfigReading | Unknown, build: BuildReading | Unknown
    ) -> Inputs:
        return Inputs(
            mount_file_times={} if isinstance(config, Unknown) else config.times(),
            missing_mounts={} if isinstance(config, Unknown) else config.gone,
            build_file_times={} if isinstance(build, Unknown) else build.times(),
            image_files=frozenset() if isinstance(build, Unknown) else build.copied(),
            definition_time=self._written_at() if service.build else 0.0,
            contents=self._contents(service),
            legacy_digests=_older(_reading(config)) | _older(_reading(build)),
        )

    def _written_at(self) -> float:
        """Unix time of the last change of a compose file or of an environment file."""
        folder = self.stack.project_directory or str(self.stack.root)
        sources = () if isinstance(self.sources, Unknown) else self.sources.sources
        paths = [*self.stack.compose_files, *(source.path for source in sources)]
        paths += [os.path.join(folder, name) for name in (".env", *self.config.stack.env_files)]  # noqa: PTH118
        return max((os.stat(p).st_ctime for p in paths if os.path.exists(p)), default=0.0)  # noqa: PTH110, PTH116

    def _build(self, service: Service) -> BuildReading | Unknown:
        if service.build is None:
            return BuildReading(reading=Reading())
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

    def _contents(self, service: Service) -> dict[str, str]:
        """Target → sha256, for each inline entry of `configs:` and `secrets:` with a known text."""
        variables = {} if isinstance(self.variables, Unknown) else self.variables
        contents: dict[str, str] = {}
        for section, folder in (("configs", "/"), ("secrets", "/run/secrets/")):
            definitions = self.stack.definitions.get(section) or {}
            for entry in (service.definition or {}).get(section) or ():
                name = entry["source"] if isinstance(entry, dict) else str(entry)
                target = (entry.get("target") if isinstance(entry, dict) else "") or name
                definition = definitions.get(name) or {}
                text = definition.get("content")
                if text is None and definition.get("environment"):
                    text = variables.get(str(definition["environment"]))
                if text is not None:
                    path = target if target.startswith("/") else f"{folder}{target}"
                    contents[path] = content_digest(str(text))
        return contents

    def _written(self, service: Service, version: int = FINGERPRINT_VERSION) -> Json | Unknown:
        if isinstance(self.sources, Unknown):
            return self.sources
        if isinstance(self.tracked.paths, Unknown):
            return self.tracked.paths
        return self.sources.value(service.name, self.tracked.__contains__, version)

    def _entries(self, reading: Reading | Unknown) -> tuple[Entry, ...] | Unknown:
        if isinstance(reading, Reading) and reading.unsigned and isinstance(self.key, Unknown):
            return Unknown(f"{reading.unsigned} is secret: {self.key.why}")
        return reading if isinstance(reading, Unknown) else tuple(reading.entries.values())

    def _tracked(self, reading: Reading | Unknown) -> tuple[Entry, ...] | Unknown:
        """The entries that git tracks; Unknown if the entries or the index could not be read."""
        if isinstance(reading, Unknown):
            return reading
        if isinstance(self.tracked.paths, Unknown):
            return self.tracked.paths
        return tuple(entry for entry in reading.entries.values() if entry.source in self.tracked)


def variables_of(
    stack: Stack, env_files: tuple[str, ...], services: Iterable[str]
) -> Mapping[str, str | None] | Unknown:
    """Values of the variables that are the content of `configs:` and `secrets:`."""
    names = {
        variable
        for name in services
        for variable in _from_variables(stack, stack.services[name]).values()
    }
    folder = Path(stack.project_directory or stack.root)
    return read_variables(
        folder, names, env_files, root=stack.root, environment=stack.naming_variables
    )


def beyond(stack: Stack, sources: ComposeSources | Unknown) -> list[str]:
    """Relative paths outside of the stack's folder that may hold tracked files."""
    services = stack.services.values()
    paths = [service.build.context for service in services if service.build]
    mounts = (as_bind(stack, mount) for service in services for mount in service.mounts)
    paths += [mount.source for mount in mounts if mount.kind == "bind"]
    if isinstance(sources, ComposeSources):
        paths += [posixpath.dirname(source.path) for source in sources.sources]
    root = Path(stack.root)
    relative = (os.path.relpath(path, root) for path in paths if path.startswith("/"))
    return sorted({path for path in relative if path == ".." or path.startswith("../")})


# Private


def _reading(part: ConfigReading | BuildReading | Unknown) -> Reading | Unknown:
    return part if isinstance(part, Unknown) else part.reading


def _older(reading: Reading | Unknown) -> dict[str, str]:
    """Digests of acknowledged pages in the form of older versions."""
    if isinstance(reading, Unknown):
        return {}
    pages = (entry for entry in reading.entries.values() if entry.whole)
    return dict(tree_detail(replace(page, content=page.whole) for page in pages))


def _old_entries(
    version: int,
    entries: tuple[Entry, ...] | Unknown,
    part: ConfigReading | BuildReading | Unknown,
) -> tuple[Entry, ...] | Unknown:
    """The entries that an older version counted; Unknown if it counted other files."""
    if isinstance(entries, Unknown) or isinstance(part, Unknown):
        return entries
    entries = tuple(replace(e, content=e.whole) if e.whole else e for e in entries)
    if isinstance(part, BuildReading):
        return part.old(entries, version)
    if version <= part.recounted:
        return Unknown("other files of the service were counted")
    if version > FIRST:
        return entries
    counted = part.old()
    return tuple(entry for entry in entries if entry.path in counted)


def _from_variables(stack: Stack, service: Service) -> Mapping[str, str]:
    """Label -> variable, of the `configs:` and `secrets:` whose content is a variable's value."""
    labelled: dict[str, str] = {}
    is_used = stack.definitions.get("configs") or stack.definitions.get("secrets")
    if not is_used or not isinstance(service.definition, Mapping):
        return labelled
    for section, name in used_definitions(stack, service):
        definition = stack.definitions[section][name]
        if section in ("configs", "secrets") and isinstance(definition, Mapping):
            variable = definition.get("environment")
            if variable:
                labelled[f"{section.removesuffix('s')} {name}"] = str(variable)
    return labelled


def _base_of(service: Service, build: BuildReading | Unknown) -> str:
    """The image that the service's build starts from."""
    if service.build is None or isinstance(build, Unknown):
        return ""
    section = (service.definition or {}).get("build")
    written = section if isinstance(section, Mapping) else {}
    text = str(written.get("dockerfile_inline") or build.dockerfile)
    arguments = written.get("args")
    values = arguments if isinstance(arguments, Mapping) else {}
    return base_image(
        text, {n: str(v) for n, v in values.items() if v is not None}, service.build.target
    )
