"""Proposes phases: services without a profile first, then a phase per profile by dependency.

Services without a profile are in up to three phases: the front door, stores, the rest.
"""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from stacktest.core.model import Stack
from stacktest.core.phase import Phase
from stacktest.init.programs import recognise

_PLAIN = (("Front door", "front_door"), ("Stores", "stores"), ("Applications", "applications"))


class Stage(Struct, frozen=True, kw_only=True):
    """A phase, the folder of its suites, and the services that are tested in it."""

    phase: Phase
    folder: str
    services: tuple[str, ...]


def propose_phases(stack: Stack, door: str) -> tuple[Stage, ...]:
    """The stages in order; every service is in exactly one of them."""
    groups = [*_by_kind(stack, door), *_by_profile(stack, door)]
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
    """The groups of services without a profile, which always run."""
    always = {name: service for name, service in stack.services.items() if not service.profiles}
    stores = {
        name
        for name, service in always.items()
        if (program := recognise(service)) and program.store
    }
    rest = set(always) - stores - {door}
    groups = zip(_PLAIN, ({door} & set(always), stores - {door}, rest), strict=True)
    return [
        (title, word, _needed(stack, (), names, door), tuple(sorted(names)))
        for (title, word), names in groups
        if names
    ]


def _by_profile(stack: Stack, door: str) -> list[Group]:
    ordered = _ordered(stack, door)
    home = {
        name: min(service.profiles, key=ordered.index)
        for name, service in stack.services.items()
        if service.profiles
    }
    groups: list[Group] = []
    for profile in ordered:
        names = tuple(sorted(name for name, where in home.items() if where == profile))
        if names:
            needed = _needed(stack, (profile,), names, door)
            word = "".join(c if c.isalnum() else "_" for c in profile.lower())
            title = profile.replace("-", " ").replace("_", " ").capitalize()
            groups.append((title, word, needed, names))
    return groups


def _ordered(stack: Stack, door: str) -> list[str]:
    """The profiles, sorted: the front door's first, then each after those that it depends on."""
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


def _needed(
    stack: Stack, profiles: Iterable[str], names: Iterable[str], door: str
) -> tuple[str, ...]:
    """The profiles to enable: the given ones, the front door's, and those of dependencies."""
    needed, todo = set(profiles), [*names, *([door] if door in stack.services else [])]
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
