"""Finds disturbances: observed events in a run that may explain the results of a service's tests.

A flake is a result without a visible cause. If one of the following was observed of a service that
is involved in the answers, the run does not count: the disturbance may be the cause of its result.

| observation           | meaning                                                      |
|-----------------------|--------------------------------------------------------------|
| not up                | it could not be started, or did not stay up                  |
| drifted               | its container differed from the files before or after tests  |
| changed               | its fingerprint was different after the tests                |
| replaced or restarted | its container was, and no test declared that                 |
| its tests were edited | their code changed while they ran                            |

Involved are the service itself, its direct and indirect dependencies, the other services that its
tests name, and, if it leads to one of them, the front door with the services asked behind it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.model import Stack
from stacktest.core.plan import all_needs
from stacktest.core.runs.moves import Move, explains
from stacktest.core.unknown import Unknown

Observations = Mapping[str, ServiceObservation]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """The stack before and after the tests of a run, and the known events between."""

    stack: Stack
    before: Observations
    after: Observations
    down: Collection[str] = ()
    """Services that were not up, or did not stay so."""
    moves: Sequence[Move] = ()
    """Moves of containers that tests declared."""
    tests: Iterable[Collected] = field(default=(), repr=False)
    """The tests that were selected to run."""
    edited: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Service → files of its tests whose code changed since the collection."""

    def disturbance(self, service: str) -> str:
        """The first disturbance as a phrase; empty: none was observed."""
        names = [service, *sorted(_answering(self.stack, service, self.tests) - {service})]
        seen = [f"{name} {what}" for name in names for what in self._seen(name)]
        seen += ["the code of its tests changed"] if self.edited.get(service) else []
        return seen[0] if seen else ""

    def _seen(self, name: str) -> Iterator[str]:
        if name in self.down:
            yield "was not up"
        if name not in self.before or name not in self.after:
            return
        before, after = self.before[name], self.after[name]
        if before.drift or after.drift:
            yield f"was drifted: {before.drift_text or after.drift_text}"
        if changes(before.fingerprint, after.fingerprint):
            yield "changed while the tests ran"
        first, last = before.containers, after.containers
        if isinstance(first, Unknown) or isinstance(last, Unknown):
            return
        if not explains(self.moves, name, first, last):
            yield "was replaced or restarted during the tests"


# Private


def _answering(stack: Stack, service: str, tests: Iterable[Collected]) -> set[str]:
    """The services that are involved in answers of this service."""
    names = {service}
    for test in tests:
        if service in test.services:
            names |= {*test.services, *_at_the_door(stack, test)}
    if service == stack.front_door:
        # Tests of the front door request hosts that their code need not name.
        names |= {route.service for route in stack.routes if route.service}
        names |= {*stack.services[service].dependencies}
    # A front door depends on all applications, but leads to each without the others.
    needs = (all_needs(stack, name, without_needs_of=stack.front_door) for name in names)
    return names.union(*needs) & stack.services.keys()


def _at_the_door(stack: Stack, test: Collected) -> Iterator[str]:
    """The front door, and the services and sign-ins behind it for the hosts of a test."""
    hosts = {*test.hosts} if test.routed else set()
    hosts |= {route.host for name in test.services for route in stack.routes_of(name)}
    if test.routed or hosts:
        yield stack.front_door
    yield from (route.service for route in stack.routes if route.host in hosts and route.service)
