"""Leaves out entries of the configuration whose names are not in the compose model.

Such an entry, as after a renaming, costs nothing but itself. It must not open a gate either: where
a service may be asked for less without the entry, the gate stays closed until it is corrected.

| entry                                      | without it                             | gate    |
|--------------------------------------------|----------------------------------------|---------|
| `[services.OLD]`                           | its settings are nobody's              | closed  |
| `uses = ["OLD"]`, or the label of that key | a dependency less                      | closed  |
| `must_run = ["OLD"]`                       | a service less has to run              | closed  |
| `[phases.X] profiles = ["OLD"]`            | the profile starts nothing             | closed  |
| `[[exempt]] service = "OLD"`               | nobody is exempt                       | warning |
"""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from stacktest.config.sections import Config
from stacktest.core.changed_copy import replace
from stacktest.core.misnamed import Misnamed
from stacktest.core.model import Stack
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError


def without_unknown_names(config: Config, stack: Stack) -> Config:
    """The configuration without such entries, which `misnamed` lists.

    A UsageError if the front door is not in the model: every route depends on it.
    """
    services = frozenset(stack.services)
    profiles = {profile for service in stack.services.values() for profile in service.profiles}
    names = _Names(services=services, either=services | profiles, profiles=frozenset(profiles))
    if (door := config.stack.front_door) and door not in services:
        where = f"{config.file or config.root}:stack.front_door"
        problem = f"no service {door!r} in the compose model"
        raise UsageError(problem, where=where, hint=_hint(door, services))
    uses = {
        name: replace(section, uses=_known(section.uses, services))
        for name, section in config.services.items()
        if name in services
    }
    must_run = _known(config.freshness.must_run, names.either)
    return replace(
        config,
        services=uses,
        phases=tuple(
            replace(phase, profiles=_known(phase.profiles, names.profiles))
            for phase in config.phases
        ),
        freshness=replace(config.freshness, must_run=must_run),
        exempt=tuple(item for item in config.exempt if item.service in services),
        misnamed=tuple(sorted(_misnamed(config, names), key=lambda item: item.cause)),
    )


# Private


class _Names(Struct, frozen=True, kw_only=True):
    """The names that the compose model has."""

    services: frozenset[str]
    profiles: frozenset[str]
    either: frozenset[str]


def _known(names: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in known)


def _misnamed(config: Config, names: _Names) -> Iterator[Misnamed]:
    place = _Places(root=config.root, file=config.file)
    yield from _of_services(config, names, place)
    for phase in config.phases:
        for profile in set(phase.profiles) - names.profiles:
            where = place.of(f"phases.{phase.name}", profile)
            yield _item(profile, names.profiles, where, kind="a profile")
    for name in set(config.freshness.must_run) - names.either:
        where = place.of("freshness", name)
        yield _item(name, names.either, where, kind="a service or a profile")
    for number, item in enumerate(config.exempt):
        if item.service not in names.services:
            where = place.of("exempt", item.service, number)
            yield replace(_item(item.service, names.services, where), closes=False)


def _of_services(config: Config, names: _Names, place: "_Places") -> Iterator[Misnamed]:
    for name, section in config.services.items():
        if name not in names.services:
            yield _item(name, names.services, place.of(f"services.{name}", name))
            continue
        origin = config.origins.get(f"services.{name}.uses", "")
        for used in set(section.uses) - names.services:
            is_label = origin.startswith("label ")
            where = origin if is_label else place.of(f"services.{name}", used)
            yield _item(used, names.services, where)


def _item(name: str, known: Collection[str], place: str, kind: str = "a service") -> Misnamed:
    return Misnamed(name=name, places=(place,), hint=_hint(name, known), kind=kind)


def _hint(name: str, known: Collection[str]) -> str:
    near = did_you_mean(name, known)
    if near:
        return f"{near} write it there"
    names = ", ".join(sorted(known)[:12])
    return f"write its new name there, or take it out; known: {names or 'none'}"


class _Places(Struct, frozen=True, kw_only=True):
    """Finds the line of an entry in the file of the configuration."""

    root: Path
    file: str

    def of(self, section: str, name: str, number: int = 0) -> str:
        """`file:line` of the name in a section, or in the one of its kind with that number."""
        path = Path(self.file.removesuffix(":tool.stacktest"))
        shown = os.path.relpath(path, self.root)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        quoted = rf"[\"']?{re.escape(section.partition('.')[2])}[\"']?"
        header = re.escape(section.partition(".")[0]) + (rf"\.{quoted}" if "." in section else "")
        heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[+[^#]*\b{header}\b", line)]
        start = heads[number] if number < len(heads) else 0
        word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        line = next((n for n in range(start, len(lines)) if word.search(lines[n])), None)
        return shown if line is None else f"{shown}:{line + 1}"
