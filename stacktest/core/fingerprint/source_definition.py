"""A service as the repository writes it: every stanza, uninterpolated, in Compose's order.

Compose itself cannot be asked: `config --no-interpolate` fails on an ordinary short volume such as
`${DATA:-./data}:/data`. Only files that git tracks are read, so that a clone without `.env`, key or
images says the same as the machine that runs the stack. `extends` and `include` are followed;
a path in them that contains a variable is not, because its value is not in the repository.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stacktest.core.fingerprint.service_definition import (
    SECTIONS,
    mentioned,
    plain_definition,
    projected_as_written,
)
from stacktest.core.model import Json
from stacktest.core.unknown import Unknown

Load = Callable[[str], "Json | Unknown"]
"""Absolute path -> parsed YAML, or why it could not be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One compose file: its absolute `path`, the folder that its paths start from, its content."""

    path: str
    base: str
    data: Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """All compose files of a project, `include`d ones after the file that includes them."""

    root: str
    sources: tuple[Source, ...]
    load: Load

    def stanzas(self, service: str) -> tuple[Source, ...] | Unknown:
        """Every stanza that has a say in the service, `extends` followed, each with its file."""
        found: list[Source] = []
        for source in self.sources:
            if service in _section(source.data, "services"):
                why = self._extended(source, service, found, ())
                if why is not None:
                    return why
        return tuple(found) or Unknown(f"no compose file that could be read writes {service}")

    def value(self, service: str, tracked: Callable[[str], bool]) -> Json | Unknown:
        """What the tracked files say about the service and the definitions that it uses."""
        found = self.stanzas(service)
        if isinstance(found, Unknown):
            return found
        seen = [source for source in found if tracked(posixpath.relpath(source.path, self.root))]
        if not seen:
            return Unknown(f"no compose file that git tracks writes {service}")
        definitions: dict[str, list[Json]] = {}
        known = [s for s in self.sources if tracked(posixpath.relpath(s.path, self.root))]
        for section, name in sorted(_uses(source.data for source in seen)):
            said = [_section(s.data, section) for s in known]
            rows = [plain_definition(each[name]) for each in said if name in each]
            if rows:
                definitions[f"{section}.{name}"] = rows
        return {"stanzas": [projected_as_written(s.data) for s in seen], "uses": definitions}

    def outside(self) -> Mapping[str, str]:
        """Absolute path -> relative to the project, of every path written as `../x`."""
        said = ((source.base, text) for source in self.sources for text in _strings(source.data))
        pairs = (_upward(text, base, self.root) for base, text in said if text.startswith(".."))
        return dict(pair for pair in pairs if pair is not None)

    # Private

    def _extended(
        self, source: Source, service: str, found: list[Source], chain: tuple[tuple[str, str], ...]
    ) -> Unknown | None:
        stanza = _section(source.data, "services").get(service)
        if not isinstance(stanza, dict):
            return Unknown(f"the stanza of {service} in {source.path} is not a mapping")
        here = (source.path, service)
        if here in chain:
            return Unknown(f"{service} in {source.path} extends itself")
        extends = stanza.get("extends")
        if isinstance(extends, str):
            extends = {"service": extends}
        if isinstance(extends, dict):
            base: Source | Unknown = source
            if "file" in extends:
                base = _open(posixpath.join(source.base, str(extends["file"])), self.load)
            if isinstance(base, Unknown):
                return base
            why = self._extended(base, str(extends.get("service")), found, (*chain, here))
            if why is not None:
                return why
        said = Source(path=source.path, base=source.base, data=stanza)
        if said not in found:
            found.append(said)
        return None


def gather(files: Iterable[str], root: str, load: Load) -> Written | Unknown:
    """The project that these compose files make up; unknown when one cannot be read."""
    sources: list[Source] = []
    for file in files:
        why = _include(file, root, load, sources)
        if why is not None:
            return why
    return Written(root=root, sources=tuple(sources), load=load)


# Private


def _include(file: str, base: str, load: Load, sources: list[Source]) -> Unknown | None:
    if any(source.path == file for source in sources):
        return None
    data = load(file)
    if isinstance(data, Unknown):
        return data
    sources.append(Source(path=file, base=base, data=data))
    includes = data.get("include") if isinstance(data, dict) else None
    for item in includes if isinstance(includes, list) else ():
        entry = item if isinstance(item, dict) else {"path": item}
        paths = entry.get("path")
        for path in paths if isinstance(paths, list) else [paths]:
            if not isinstance(path, str) or "$" in path or "://" in path:
                continue
            target = posixpath.normpath(posixpath.join(base, path))
            folder = entry.get("project_directory")
            inner = posixpath.join(base, folder) if folder else posixpath.dirname(target)
            why = _include(target, inner, load, sources)
            if why is not None:
                return why
    return None


def _open(path: str, load: Load) -> Source | Unknown:
    if "$" in path:
        return Unknown(f"the path of `extends` contains a variable: {path}")
    absolute = posixpath.normpath(path)
    data = load(absolute)
    if isinstance(data, Unknown):
        return data
    return Source(path=absolute, base=posixpath.dirname(absolute), data=data)


def _section(data: Json, name: str) -> Mapping[str, Json]:
    section = data.get(name) if isinstance(data, dict) else None
    return section if isinstance(section, dict) else {}


def _uses(stanzas: Iterable[Mapping[str, Json]]) -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()
    for stanza in stanzas:
        for section in SECTIONS:
            used |= {(section, name) for name in mentioned(stanza.get(section))}
        if not stanza.get("networks") and not stanza.get("network_mode"):
            used.add(("networks", "default"))
    return used


def _upward(text: str, base: str, root: str) -> tuple[str, str] | None:
    path = text.partition(":")[0]
    if path != ".." and not path.startswith("../"):
        return None
    absolute = posixpath.normpath(posixpath.join(base, path))
    return absolute, posixpath.relpath(absolute, root)


def _strings(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
