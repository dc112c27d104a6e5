"""Turns a front door's steps for one host into the routes of the model.

A reader yields steps in the order in which its front door decides. Here steps are numbered, steps
that can never be reached are left out, a last step is added for requests that no step answers (the
front door answers them itself), and the routes are sorted for display: the default answer first.
"""

from collections.abc import Callable, Iterable

from stacktest.core.changed_copy import replace
from stacktest.core.route import Listener, Route

ADDRESS = "127.0.0.1"
"""Represents every address at which a request without a host name may reach the front door."""


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
    """The routes of `host` at `listeners`; `where` locates the answer if no step gives one."""
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
    """The routes of a host that represents every name; they hold for addresses too if equal.

    They may differ: a front door may have a separate server for `localhost` or for an address.
    """
    routes = list(routes_of(host))
    by_address = [replace(route, host=host) for route in routes_of(ADDRESS)]
    is_same = [replace(route, host=host) for route in routes] == by_address
    return [replace(route, holds_for_addresses=is_same) for route in routes]


def is_certain(step: Route) -> bool:
    """Whether the step answers every request, so that no later step is reached."""
    return step.is_final and not (
        step.conditions or step.methods or step.is_hidden or step.files is not None
    )


def for_people(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Routes sorted for display: per host the default answer first, guards last; hosts in order."""
    hosts: dict[str, list[Route]] = {}
    for route in routes:
        hosts.setdefault(route.host, []).append(route)
    return tuple(
        route
        for group in hosts.values()
        for route in sorted(group, key=lambda item: (item.is_guard, bool(item.match), item.order))
    )


def shared(steps: list[Route]) -> list[Route]:
    """Steps that the front door chooses among (upstreams of one route); only the last is final."""
    return [replace(step, is_final=False) for step in steps[:-1]] + steps[-1:]
