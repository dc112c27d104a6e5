"""Decides which services to bring up for the collected tests, in which order, each with reasons.

A service is planned because a test names it, because a planned service depends on it (in compose
or by `uses`), because it is the front door of a host that a test calls, because it is a sign-in
that the front door asks first, or because a planned front door looks up its name when it starts.
Nothing else is planned: a dependency with `required: false` is waited for if another reason plans
it, but does not cause a start.

Order: phases as `stacktest.toml` lists them, within a phase dependencies first, then by name.
Services that do not depend on one another start together: see `Plan.waves`. A front door that looks
up names when it starts is started after the services with these names.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Stack
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError

USES = "uses"
"""The condition of a dependency that only `stacktest.toml` declares: wait until it is ready."""


class Demand(Struct, frozen=True, kw_only=True):
    """The services, hosts and phase that one collected test needs."""

    nodeid: str
    services: tuple[str, ...] = ()
    routed: bool = False
    """True when the test goes through the front door."""
    hosts: tuple[str, ...] = ()
    """Host names that the test is known to call; they may include hosts outside of the stack."""
    phase: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """One service to bring up: the first phase that needs it, and why it is needed."""

    service: str
    phase: str
    reasons: tuple[str, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """Which services to bring up, in which order, each with its reasons."""

    steps: tuple[Step, ...] = ()
    waves: tuple[tuple[str, ...], ...] = ()
    """Services by dependency depth: those of one wave need nothing from one another."""
    waits: Mapping[str, tuple[Dependency, ...]] | None = None
    """Per service, what must be up before it is started; free of cycles."""
    purposes: frozenset[frozenset[str]] = frozenset()
    """For every test the set of services that it calls; empty: every planned service is wanted."""
    looked_up: frozenset[str] = frozenset()
    """Services needed only because the front door looks up their names when it starts."""

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the planned services, in order."""
        return tuple(step.service for step in self.steps)

    def has_purpose_without(self, failed: Collection[str]) -> bool:
        """Whether at least one test calls none of the failed services."""
        return any(purpose.isdisjoint(failed) for purpose in self.purposes)

    def only(self, services: Collection[str]) -> "Plan":
        """The plan reduced to these services; nothing waits for a removed service."""
        waits = {
            name: tuple(need for need in needs if need.service in services)
            for name, needs in (self.waits or {}).items()
            if name in services
        }
        waves = tuple(tuple(name for name in wave if name in services) for wave in self.waves)
        return replace(
            self,
            steps=tuple(step for step in self.steps if step.service in services),
            waves=tuple(filter(None, waves)),
            waits=waits,
        )

    def waits_of(self, service: str) -> tuple[Dependency, ...]:
        """What must be up before `service` is started."""
        return (self.waits or {}).get(service, ())


def make_plan(stack: Stack, demands: Iterable[Demand]) -> Plan:
    """The smallest set of services that the demands need, ordered, each with its reasons.

    A name that the stack does not have raises UsageError with the nearest names.
    """
    ordered = sorted(demands, key=lambda demand: demand.nodeid)
    wanted = _closure(stack, _named(stack, ordered))
    reasons = _with_looked_up(stack, wanted)
    phases = _phases(stack, ordered, reasons)
    waits = _waits(stack, reasons)
    depth = _depths(waits)
    rank = {phase.name: place for place, phase in enumerate(stack.phases)}
    order = sorted(reasons, key=lambda name: (rank.get(phases[name], len(rank)), depth[name], name))
    return Plan(
        steps=tuple(
            Step(service=name, phase=phases[name], reasons=tuple(reasons[name])) for name in order
        ),
        waves=_waves(depth),
        waits=waits,
        purposes=frozenset(_purpose(stack, demand) for demand in ordered),
        looked_up=frozenset(reasons) - frozenset(wanted),
    )


def plan_services(stack: Stack, services: Iterable[str], *, why: str = "asked for") -> Plan:
    """A plan for services named by a person: `stacktest up SERVICE`."""
    wanted = _closure(stack, {_known(stack, name, why): [why] for name in sorted(set(services))})
    reasons = _with_looked_up(stack, wanted)
    waits = _waits(stack, reasons)
    depth = _depths(waits)
    order = sorted(reasons, key=lambda name: (depth[name], name))
    return Plan(
        steps=tuple(Step(service=n, phase="", reasons=tuple(reasons[n])) for n in order),
        waves=_waves(depth),
        waits=waits,
        looked_up=frozenset(reasons) - frozenset(wanted),
    )


def dependencies_of(stack: Stack, service: str) -> tuple[Dependency, ...]:
    """What `service` needs: required `depends_on` entries and declared `uses`, sorted by name."""
    needed = {
        need.service: need
        for need in stack.services[service].depends_on
        if need.required and need.service in stack.services
    }
    for name in stack.services[service].uses:
        needed.setdefault(name, Dependency(service=name, condition=USES))
    return tuple(needed[name] for name in sorted(needed))


def all_needs(stack: Stack, service: str, *, without_needs_of: str = "") -> tuple[str, ...]:
    """The services that `service` depends on, directly or not, nearest first.

    Those that only the service `without_needs_of` depends on are left out.
    """
    needs: dict[str, None] = {}
    queue = [service]
    while queue:
        name = queue.pop(0)
        known = stack.services.get(name) if name != without_needs_of else None
        new = [other for other in (known.dependencies if known else ()) if other not in needs]
        needs |= dict.fromkeys(new)
        queue += new
    return tuple(needs)


def needs_of(stack: Stack, service: str) -> tuple[str, ...]:
    """The services without which `service` is not started.

    `required: false` is no such need. Neither is a `depends_on` of the front door that only orders
    the starts: one application that is down must not take the routes of all others down.
    """
    is_door = service == stack.front_door
    return tuple(
        need.service
        for need in dependencies_of(stack, service)
        if not (is_door and need.condition == "service_started")
    )


# Private

_MOST_REASONS = 3


def _purpose(stack: Stack, demand: Demand) -> frozenset[str]:
    goes_through_door = demand.routed or demand.hosts
    door = {stack.front_door} if goes_through_door and stack.front_door else set()
    return frozenset(demand.services) | door


def _known(stack: Stack, name: str, where: str) -> str:
    if name in stack.services:
        return name
    raise UsageError(
        f"the stack has no service {name!r}",
        where=where,
        hint=did_you_mean(name, stack.services) or "stacktest plan lists the services",
    )


def _named(stack: Stack, demands: Sequence[Demand]) -> dict[str, list[str]]:
    by_service: dict[str, list[str]] = {}
    hosts: set[str] = set()
    routed: list[str] = []
    for demand in demands:
        for name in demand.services:
            by_service.setdefault(_known(stack, name, demand.nodeid), []).append(demand.nodeid)
        if demand.routed or demand.hosts:
            routed.append(demand.nodeid)
            hosts |= {host for host in demand.hosts if stack.route(host)}
            hosts |= _hosts_of(stack, demand.services)
    reasons = {name: _naming(nodeids) for name, nodeids in by_service.items()}
    if routed and stack.front_door:
        door = _known(stack, stack.front_door, "stacktest.toml:stack.front_door")
        reasons.setdefault(door, []).append(_front_door_reason(sorted(hosts), routed))
    for host in sorted(hosts):
        route = stack.route(host)
        if route is not None and route.service is not None and route.service in stack.services:
            reasons.setdefault(route.service, [f"answers for {host}"])
        for guard in stack.guards_of(host):
            reasons.setdefault(guard, [f"the front door asks it first for {host}"])
    return dict(sorted(reasons.items()))


def _hosts_of(stack: Stack, services: Iterable[str]) -> set[str]:
    return {route.host for name in services for route in stack.routes_of(name)}


def _naming(nodeids: Sequence[str]) -> list[str]:
    """The first functions that name it, each with the number of its tests, and how many follow."""
    counts = Counter(map(_function, nodeids))
    first = list(counts.items())[:_MOST_REASONS]
    shown = [
        f"named by {name}" + (f" ({number} tests)" if number > 1 else "") for name, number in first
    ]
    more = len(nodeids) - sum(number for _, number in first)
    if more:
        shown.append(f"and by {more} more tests" if more > 1 else "and by one more test")
    return shown


def _function(nodeid: str) -> str:
    """The test's node id without parameters, of which records have only the indices."""
    path, separator, name = nodeid.partition("::")
    return f"{path}{separator}{name.partition('[')[0]}"


def _front_door_reason(hosts: Sequence[str], routed: Sequence[str]) -> str:
    if not hosts:
        return f"front door, used by {routed[0]}"
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    return f"front door of {hosts[0]}{more}"


def _closure(stack: Stack, named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """All services that the named ones need, directly or not, with one reason per dependant."""
    reasons = {name: list(why) for name, why in named.items()}
    todo = list(reasons)
    while todo:
        name = todo.pop(0)
        for need in dependencies_of(stack, name):
            if need.service not in stack.services:
                _known(stack, need.service, f"stacktest.toml:services.{name}.uses")
            if need.service not in reasons:
                reasons[need.service] = []
                todo.append(need.service)
            how = "uses it" if need.condition == USES else f"depends on it ({need.condition})"
            reasons[need.service].append(f"{name} {how}")
    return reasons


def _looked_up(stack: Stack, door: str) -> Mapping[str, str]:
    """Services whose names the front door looks up when it starts → where the route is defined."""
    routes = stack.routes if door == stack.front_door else ()
    return {
        route.service: route.where
        for route in reversed(routes)
        if route.is_looked_up_at_start and route.service in stack.services and route.service
    }


def _with_looked_up(stack: Stack, wanted: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The wanted services, and those whose names a wanted front door looks up at its start."""
    door = stack.front_door
    names = _looked_up(stack, door) if door in wanted else {}
    added = {
        name: [f"{door} looks up its name when it starts ({names[name]})"]
        for name in sorted(names)
        if name not in wanted
    }
    return _closure(stack, {**wanted, **added}) if added else dict(wanted)


def _phases(
    stack: Stack, demands: Sequence[Demand], planned: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Service → the first phase that needs it; a dependency is needed in its dependant's phase."""
    rank = {phase.name: place for place, phase in enumerate(stack.phases)}
    first: dict[str, str] = {}

    def take(name: str, phase: str) -> None:
        earlier = first.get(name)
        if earlier is not None and rank.get(earlier, len(rank)) <= rank.get(phase, len(rank)):
            return
        first[name] = phase
        for need in dependencies_of(stack, name):
            take(need.service, phase)
        for other in _looked_up(stack, name):
            take(other, phase)

    for demand in demands:
        for name in demand.services:
            take(name, demand.phase)
        if (demand.routed or demand.hosts) and stack.front_door in planned:
            take(stack.front_door, demand.phase)
            for name in _behind(stack, demand, planned):
                take(name, demand.phase)
    return {name: first.get(name, "") for name in planned}


def _behind(stack: Stack, demand: Demand, planned: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Services that answer for the hosts that a test calls, and sign-ins that are asked first."""
    for host in demand.hosts:
        route = stack.route(host)
        if route is not None and route.service in planned and route.service is not None:
            yield route.service
    for host in {*demand.hosts} | _hosts_of(stack, demand.services):
        yield from stack.guards_of(host)


def _waits(stack: Stack, planned: Mapping[str, Sequence[str]]) -> dict[str, tuple[Dependency, ...]]:
    """Start-order edges, without those that would close a cycle: such services start together.

    Every `depends_on` is kept; `uses` and names that a front door looks up are added to it.
    """
    edges: dict[str, list[Dependency]] = {
        name: sorted(
            (need for need in stack.services[name].depends_on if need.service in planned),
            key=lambda need: need.service,
        )
        for name in sorted(planned)
    }
    for name in sorted(planned):
        declared = {need.service for need in edges[name]}
        for used in sorted(set(stack.services[name].uses) - declared):
            if used in planned and not _reaches(edges, used, name):
                edges[name].append(Dependency(service=used, condition=USES))
    door = stack.front_door
    declared = {need.service for need in edges.get(door, ())}
    for name in sorted({*_looked_up(stack, door)} - declared - {door}):
        if door in planned and name in planned and not _reaches(edges, name, door):
            edges[door].append(Dependency(service=name))
    return {name: tuple(needs) for name, needs in edges.items()}


def _reaches(edges: Mapping[str, Sequence[Dependency]], start: str, goal: str) -> bool:
    visited: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        if name not in visited:
            visited.add(name)
            todo.extend(need.service for need in edges.get(name, ()))
    return False


def _depths(waits: Mapping[str, Sequence[Dependency]]) -> dict[str, int]:
    sorter = TopologicalSorter({name: [w.service for w in needs] for name, needs in waits.items()})
    depth: dict[str, int] = {}
    try:
        for name in sorter.static_order():
            depth[name] = max((depth[w.service] + 1 for w in waits[name]), default=0)
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise UsageError(
            f"dependency cycle: {cycle}",
            where="depends_on",
            hint="remove one of these depends_on entries",
        ) from error
    return depth


def _waves(depth: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    count = max(depth.values(), default=-1) + 1
    return tuple(
        tuple(sorted(name for name in depth if depth[name] == level)) for level in range(count)
    )
