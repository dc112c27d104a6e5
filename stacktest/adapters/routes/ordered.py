"""Steps of a front door for one host, in its order, as the routes of the model.

A reader yields steps in the order in which its front door decides. Here each gets its place, what
can never be reached is left out, what is left over is the front door's own, and the routes are
sorted for people: the one that answers by default first.
"""

from collections.abc import Callable, Iterable

from stacktest.core.changed_copy import replace
from stacktest.core.route import Listener, Route

ADDRESS = "127.0.0.1"
"""Stands for every address under which a request may reach the front door without a name."""


def ordered(
    steps: Iterable[Route],
    *,
    host: str,
    listeners: tuple[Listener, ...] = (),
    where: str = "",
    basis: str = "",
    start: int = 0,
    is_deep: bool = False,
) -> list[Route]:
    """The routes of `host` at `listeners`; `where` names what answers when no step does."""
    reached: list[Route] = []
    for step in steps:
        reached.append(step)
        if is_certain(step):
            break
    else:
        reached.append(Route(host=host, where=where))
    return [
        replace(
            step,
            host=host,
            listeners=step.listeners or listeners,
            order=start + place,
            basis=basis,
            is_deep=is_deep,
        )
        for place, step in enumerate(dict.fromkeys(reached))
    ]


def of_any_name(host: str, routes_of: Callable[[str], Iterable[Route]]) -> list[Route]:
    """The routes of a host that stands for every name; for addresses too, where they are the same.

    A front door may have a server of its own for `localhost` or for an address.
    """
    routes = list(routes_of(host))
    by_address = [replace(route, host=host) for route in routes_of(ADDRESS)]
    is_same = [replace(route, host=host) for route in routes] == by_address
    return [replace(route, holds_for_addresses=is_same) for route in routes]


def is_certain(step: Route) -> bool:
    """Whether nothing after the step is ever reached."""
    return step.is_final and not (
        step.conditions or step.methods or step.is_hidden or step.files is not None
    )


def for_people(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Per host the route that answers by default first, guards last; hosts in the file's order."""
    hosts: dict[str, list[Route]] = {}
    for route in routes:
        hosts.setdefault(route.host, []).append(route)
    return tuple(
        route
        for group in hosts.values()
        for route in sorted(group, key=lambda item: (item.is_guard, bool(item.match), item.order))
    )


def shared(steps: list[Route]) -> list[Route]:
    """Steps of which the front door takes any: several upstreams of one route."""
    return [replace(step, is_final=False) for step in steps[:-1]] + steps[-1:]
