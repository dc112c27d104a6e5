"""Reads a project profile by profile, if Compose refuses it with all profiles switched on.

A service in a profile that is off may lack a file or a variable that only its users provide.
Compose starts the other services, so only the services of that profile become unreadable.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field

from stacktest.adapters.compose.files import ProjectFiles, list_files
from stacktest.adapters.compose.model import read_printed
from stacktest.adapters.process import Completed
from stacktest.core.json_data import Json
from stacktest.core.model import Service
from stacktest.errors import StacktestError

Ask = Callable[[Iterable[str]], Completed]
"""Runs `docker compose config` with these profiles."""
Explain = Callable[[Completed], StacktestError]


class LoadedByProfile(Struct, frozen=True, kw_only=True):
    """The document that could be read, and the services that could not."""

    document: Json
    unreadable: Mapping[str, Service]
    """Services that Compose refuses to read, each with the reason."""
    profiles: tuple[str, ...] = field(default=())
    """The profiles that Compose accepts."""


def load_by_profile(project: ProjectFiles, ask: Ask, explain: Explain) -> LoadedByProfile:
    """The parts of a project that Compose can read; raises its error if there are none."""
    enabled = project.profiles
    result = ask(enabled)
    if result.code != 0:
        raise explain(result)
    document = read_printed(result.out)
    written = dict(_written_services(project))
    usable, faults = list(enabled), dict[str, str]()
    for profile in sorted({name for names in written.values() for name in names} - set(enabled)):
        result = ask((*enabled, profile))
        if result.code == 0:
            usable.append(profile)
            document = _merged(document, read_printed(result.out))
        else:
            faults[profile] = explain(result).what
    unreadable = {
        name: _unreadable(name, profiles, faults)
        for name, profiles in written.items()
        if name not in document["services"] and not faults.keys().isdisjoint(profiles)
    }
    return LoadedByProfile(document=document, unreadable=unreadable, profiles=tuple(usable))


# Private


def _written_services(project: ProjectFiles) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Services that have profiles, with these, as the compose files write them."""
    for file in list_files(project):
        for name, definition in file.services.items():
            profiles = definition.get("profiles")
            if isinstance(profiles, list) and profiles:
                yield name, tuple(str(profile) for profile in profiles)


def _merged(document: Json, more: Json) -> Json:
    sections = {
        key: {**(more.get(key) or {}), **(document.get(key) or {})}
        for key in ("services", "networks", "volumes", "configs", "secrets")
    }
    return {**document, **sections}


def _unreadable(name: str, profiles: tuple[str, ...], faults: Mapping[str, str]) -> Service:
    profile = next(profile for profile in profiles if profile in faults)
    return Service(
        name=name,
        profiles=profiles,
        unreadable=f"{faults[profile]} (profile {profile}, which is off)",
    )
