"""Proposes phases: one per profile, each after the profiles that it depends on.

A stack without profiles gets three: the front door, what stores data, and the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from stacktest.core.model import Phase, Stack
from stacktest.init.programs import recognise

_PLAIN = (("Front door", "front_door"), ("Stores", "stores"), ("Applications", "applications"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A phase, the folder of its suites, and the services that are tested in it."""

    phase: Phase
    folder: str
    services: tuple[str, ...]


def propose_phases(stack: Stack, door: str) -> tuple[Stage, ...]:
    """The stages in their order; every service is in exactly one of them."""
    profiles = {profile for service in stack.services.values() for profile in service.profiles}
    groups = _by_profile(stack, door) if profiles else _by_kind(stack, door)
    return tuple(
        Stage(
            phase=Phase(name=f"phase{number}", title=title, profiles=needed),
            folder=f"phase{number}_{word}",
            services=services,
        )
        for number, (title, word, needed, services) in enumerate(groups)
    )


# Private

Group = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def _by_kind(stack: Stack, door: str) -> list[Group]:
    stores = {
        name
        for name, service in stack.services.items()
        if (program := recognise(service)) and program.store
    }
    rest = set(stack.services) - stores - {door}
    groups = zip(_PLAIN, ({door} & set(stack.services), stores - {door}, rest), strict=True)
    return [(title, word, (), tuple(sorted(names))) for (title, word), names in groups if names]


def _by_profile(stack: Stack, door: str) -> list[Group]:
    """A service without a profile always runs, so it belongs to the first phase."""
    ordered = _ordered(stack, door)
    home = {name: _home(service.profiles, ordered) for name, service in stack.services.items()}
    groups: list[Group] = []
    for profile in ordered:
        names = tuple(sorted(name for name, where in home.items() if where == profile))
        if names:
            needed = _needed(stack, profile, names, door)
            word = "".join(c if c.isalnum() else "_" for c in profile.lower())
            groups.append((profile.replace("-", " ").capitalize(), word, needed, names))
    return groups


def _home(profiles: tuple[str, ...], ordered: list[str]) -> str:
    return min(profiles, key=ordered.index) if profiles else ordered[0]


def _ordered(stack: Stack, door: str) -> list[str]:
    """Profiles: the front door's first, then each after those that its services depend on."""
    first = stack.services[door].profiles[:1] if door in stack.services else ()
    services = stack.services.values()
    profiles = dict.fromkeys(p for service in services for p in sorted(service.profiles))
    names = list(dict.fromkeys((*first, *profiles)))
    before: dict[str, set[str]] = {
        name: set(first) - {name} if name not in first else set() for name in names
    }
    for service in stack.services.values():
        for other in service.dependencies:
            needed = stack.services[other].profiles if other in stack.services else ()
            for profile in set(service.profiles) - set(needed) - set(first):
                before[profile] |= set(needed[:1])
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError:
        return names


def _needed(stack: Stack, profile: str, names: Iterable[str], door: str) -> tuple[str, ...]:
    """The profiles to switch on: this one, the front door's, and those of dependencies."""
    needed, todo = {profile}, [*names, *([door] if door in stack.services else [])]
    visited: set[str] = set()
    while todo:
        name = todo.pop()
        if name in visited or name not in stack.services:
            continue
        visited.add(name)
        service = stack.services[name]
        if service.profiles and not needed & set(service.profiles):
            needed.add(service.profiles[0])
        todo += service.dependencies
    return tuple(sorted(needed))
