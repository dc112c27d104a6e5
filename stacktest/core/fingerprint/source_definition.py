"""A service as the repository's files define it: uninterpolated, in Compose's merge order.

Compose cannot print this: `config --no-interpolate` fails on an ordinary short volume such as
`${DATA:-./data}:/data`. Only files that git tracks are read, so that a clone without `.env`, key or
images gives the same result as the stack's own machine. `extends` and `include` are followed.
"""

import dataclasses
import functools
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field

from stacktest.core.fingerprint.service_definition import (
    NEWEST,
    SECTIONS,
    mentioned,
    plain_definition,
    projected_as_written,
)
from stacktest.core.interpolation import interpolate
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown

Load = Callable[[str], "Json | Unknown"]
"""Absolute path -> parsed YAML, or why it could not be read."""


class Source(Struct, frozen=True, kw_only=True):
    """One compose file: its absolute `path`, the base folder of its relative paths, its content."""

    path: str
    base: str
    data: Json


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ComposeSources:
    """All compose files of a project, `include`d ones after the file that includes them."""

    root: str
    sources: tuple[Source, ...]
    load: Load
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Values of the variables in paths of files that are included or extended."""

    def service_sources(self, service: str) -> tuple[Source, ...] | Unknown:
        """Every definition that Compose merges into the service, `extends` followed."""
        merged: list[Source] = []
        for source in self.sources:
            if service in _section(source.data, "services"):
                why = self._extended(source, service, merged, ())
                if why is not None:
                    return why
        return tuple(merged) or Unknown(f"no compose file that could be read writes {service}")

    def value(
        self, service: str, tracked: Callable[[str], bool], version: int = NEWEST
    ) -> Json | Unknown:
        """The service's definitions in tracked files, and the networks, volumes … that it uses."""
        sources = self.service_sources(service)
        if isinstance(sources, Unknown):
            return sources
        tracked_sources = [
            source for source in sources if tracked(_relative(source.path, self.root))
        ]
        if not tracked_sources:
            return Unknown(f"no compose file that git tracks writes {service}")
        definitions: dict[str, list[Json]] = {}
        files = [s for s in self.sources if tracked(_relative(s.path, self.root))]
        for section, name in sorted(_uses(source.data for source in tracked_sources)):
            sections = [_section(s.data, section) for s in files]
            rows = [
                plain_definition(entries[name], section, version)
                for entries in sections
                if name in entries
            ]
            if rows:
                definitions[f"{section}.{name}"] = rows
        return {
            "stanzas": [projected_as_written(s.data, version) for s in tracked_sources],
            "uses": definitions,
        }

    def outside(self) -> Mapping[str, str]:
        """For every path written as `../x`: absolute path -> path relative to the project."""
        texts = ((source.base, text) for source in self.sources for text in _strings(source.data))
        pairs = (_upward(text, base, self.root) for base, text in texts if text.startswith(".."))
        return dict(pair for pair in pairs if pair is not None)

    # Private

    def _extended(
        self, source: Source, service: str, merged: list[Source], chain: tuple[tuple[str, str], ...]
    ) -> Unknown | None:
        definition = _section(source.data, "services").get(service)
        if not isinstance(definition, dict):
            return Unknown(f"the definition of {service} in {source.path} is not a mapping")
        step = (source.path, service)
        if step in chain:
            return Unknown(f"{service} in {source.path} extends itself")
        extends = definition.get("extends")
        if isinstance(extends, str):
            extends = {"service": extends}
        if isinstance(extends, dict):
            base: Source | Unknown = source
            if "file" in extends:
                base = _open(_joined(source.base, str(extends["file"]), self.variables), self.load)
            if isinstance(base, Unknown):
                return base
            why = self._extended(base, str(extends.get("service")), merged, (*chain, step))
            if why is not None:
                return why
        own = Source(path=source.path, base=source.base, data=definition)
        if own not in merged:
            merged.append(own)
        return None


def read_sources(stack: Stack, load: Load) -> ComposeSources | Unknown:
    """The compose files of the stack; unknown when one cannot be read.

    Relative paths in the files that Compose is given are relative to the project directory, those
    in an included file to that file's folder. A variable in the path of an included file has the
    value that it has on this machine.
    """
    root, base = str(stack.root), stack.project_directory or str(stack.root)
    files = _Files(load=load, variables=stack.path_variables)
    for file in stack.compose_files:
        why = files.add(file, base)
        if why is not None:
            return why
    return ComposeSources(
        root=root, sources=tuple(files.sources), load=load, variables=stack.path_variables
    )


# Private


class _Files(Struct, kw_only=True):
    """Collects compose files and those that they include."""

    load: Load
    variables: Mapping[str, str]
    sources: list[Source] = field(default_factory=list)

    def add(self, file: str, base: str) -> Unknown | None:
        if any(source.path == file for source in self.sources):
            return None
        data = self.load(file)
        if isinstance(data, Unknown):
            return data
        self.sources.append(Source(path=file, base=base, data=data))
        for path, folder in self._included(data, base):
            why = self.add(path, folder)
            if why is not None:
                return why
        return None

    def _included(self, data: Json, base: str) -> Iterator[tuple[str, str]]:
        includes = data.get("include") if isinstance(data, dict) else None
        for item in includes if isinstance(includes, list) else ():
            entry = item if isinstance(item, dict) else {"path": item}
            paths = entry.get("path")
            for path in paths if isinstance(paths, list) else [paths]:
                if not isinstance(path, str) or "://" in path:
                    continue
                target = _joined(base, path, self.variables)
                folder = entry.get("project_directory")
                yield (
                    target,
                    _joined(base, str(folder), self.variables)
                    if folder
                    else posixpath.dirname(target),
                )


@functools.lru_cache(maxsize=1024)
def _relative(path: str, root: str) -> str:
    return posixpath.relpath(path, root)


def _joined(base: str, path: str, variables: Mapping[str, str]) -> str:
    return posixpath.normpath(posixpath.join(base, interpolate(path, variables.get)))


def _open(path: str, load: Load) -> Source | Unknown:
    absolute = posixpath.normpath(path)
    data = load(absolute)
    if isinstance(data, Unknown):
        return data
    return Source(path=absolute, base=posixpath.dirname(absolute), data=data)


def _section(data: Json, name: str) -> Mapping[str, Json]:
    section = data.get(name) if isinstance(data, dict) else None
    return section if isinstance(section, dict) else {}


def _uses(definitions: Iterable[Mapping[str, Json]]) -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()
    for definition in definitions:
        for section in SECTIONS:
            used |= {(section, name) for name in mentioned(definition.get(section))}
        if not definition.get("networks") and not definition.get("network_mode"):
            used.add(("networks", "default"))
    return used


def _upward(text: str, base: str, root: str) -> tuple[str, str] | None:
    path = text.partition(":")[0]
    if path != ".." and not path.startswith("../"):
        return None
    absolute = posixpath.normpath(posixpath.join(base, path))
    return absolute, posixpath.relpath(absolute, root)


def _strings(document: Json) -> Iterator[str]:
    """All strings in a document that are not keys, in no particular order."""
    values = [document]
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
