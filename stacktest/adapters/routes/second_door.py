"""Names that a second front door has, where the first one that is read is asked for them.

the first leads to it for the name      its routes, behind what the first may answer by itself
nothing that is read says so            not known: the first may answer, or may not have the name
"""

import re
from collections.abc import Iterable, Iterator

from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import Route
from stacktest.core.routing import covers


def behind_first(
    routes: Iterable[Route], kind: str, first: list[Route], stack: Stack
) -> Iterator[Route]:
    """The routes of a program of this kind; `first` are those of the front door before it."""
    program = _program(kind, stack)
    if not first or program in {"", stack.front_door}:
        yield from routes
        return
    hosts: dict[str, list[Route]] = {}
    for route in routes:
        hosts.setdefault(route.host, []).append(route)
    for host, own in hosts.items():
        covering = [r for r in first if r.holds_for_addresses or covers(r.pattern, host)]
        passing = [r for r in covering if r.service == program and not r.is_guard]
        if passing:
            before = [_step(r, program) for r in covering if r not in passing or r.conditions]
            yield from _passed_on(own, passing[0], before)
        else:
            yield from (_not_known(route, program, stack) for route in own if route.is_final)


# Private


def _program(kind: str, stack: Stack) -> str:
    """The service that is the program; the front door if it is one, empty if no service is."""
    door = stack.services.get(stack.front_door)
    if door and kind in f"{door.image} {door.name}".lower():
        return door.name
    image = re.compile(rf"(?:^|/){re.escape(kind)}(?::|@|$)")
    return next((s.name for s in stack.services.values() if image.search(s.image)), "")


def _passed_on(own: list[Route], passing: Route, before: list[Route]) -> Iterator[Route]:
    """The routes at the first door's listeners, after its own steps, which are not certain here."""
    for route in own:
        ports = {listener.port for listener in route.listeners}
        if not ports or passing.port in ports:
            basis = f"{passing.basis}\n{route.basis}"
            yield replace(route, listeners=passing.listeners, basis=basis)
    for place, route in enumerate(before):
        order = place - len(before)
        yield replace(route, host=own[0].host, is_deep=own[0].is_deep, order=order)


def _step(route: Route, program: str) -> Route:
    """A step of the first door before it leads on, which is not certain for the name.

    A path for which it leads on in a block of its own may be another for the second door.
    """
    step = replace(route, is_final=False, is_guard=True, is_hidden=True)
    if route.service == program:
        return replace(step, service=None, port=None, statuses=frozenset(), rewrites=0)
    return step if route.rewrites is None else replace(step, rewrites=0)


def _not_known(route: Route, program: str, stack: Stack) -> Route:
    why = f"whether {stack.front_door}, which is asked, leads to {program} for it"
    return replace(route, service=None, port=None, unknown=route.unknown or why)
