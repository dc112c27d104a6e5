"""What stacktest itself saw in a run that may explain what the tests said of a service.

A flake is what nothing that can be seen explains. Where something below was seen of what a
service's answers came through, its run is no witness: it may have failed, or passed, for that.

| seen of it            | when                                                         |
|-----------------------|--------------------------------------------------------------|
| not up                | it could not be started, or did not stay up                  |
| drifted               | what ran before or after the tests is not what the files say |
| changed               | its fingerprint was another one after the tests              |
| replaced or restarted | and no test declared that                                    |
| its tests were edited | while they ran                                               |

Its answers come through the service itself, what it needs, directly or not, the other services that
its tests name, and, where it leads to one of them, the front door with what is asked behind it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.reasons import listed
from stacktest.core.model import Stack
from stacktest.core.runs.moves import Move, explains
from stacktest.core.unknown import Unknown

Observations = Mapping[str, ServiceObservation]


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """The stack before and after the tests of a run, and what is known of the time between."""

    stack: Stack
    before: Observations
    after: Observations
    down: Collection[str] = ()
    """Services that were not up, or did not stay so."""
    moves: Sequence[Move] = ()
    """What tests declared to do to containers."""
    tests: Iterable[Collected] = field(default=(), repr=False)
    """The tests that were asked for."""
    edited: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Service → files of its tests whose code is not what was collected."""

    def disturbance(self, service: str) -> str:
        """The first thing that was seen, in a phrase; empty: nothing explains the tests."""
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
        if drift := before.drift or after.drift:
            yield f"was drifted: {listed(drift)}"
        if changes(before.fingerprint, after.fingerprint):
            yield "changed while the tests ran"
        first, last = before.containers, after.containers
        if isinstance(first, Unknown) or isinstance(last, Unknown):
            return
        if not explains(self.moves, name, first, last):
            yield "was replaced or restarted during the tests"


# Private


def _answering(stack: Stack, service: str, tests: Iterable[Collected]) -> set[str]:
    """The services that answers of this one come through."""
    names = {service}
    for test in tests:
        if service in test.services:
            names |= {*test.services, *_at_the_door(stack, test)}
    if service == stack.front_door:
        # Its tests go to hosts that their code need not name.
        names |= {route.service for route in stack.routes if route.service}
        names |= {*stack.services[service].dependencies}
    return _with_needs(stack, names)


def _at_the_door(stack: Stack, test: Collected) -> Iterator[str]:
    """The front door, and what answers or is asked behind it for the hosts of a test."""
    hosts = {*test.hosts} if test.routed else set()
    hosts |= {route.host for name in test.services for route in stack.routes_of(name)}
    if test.routed or hosts:
        yield stack.front_door
    yield from (route.service for route in stack.routes if route.host in hosts and route.service)


def _with_needs(stack: Stack, names: Iterable[str]) -> set[str]:
    known: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in stack.services and name not in known:
            known.add(name)
            # A front door that starts after all applications leads to each without the others.
            needs = stack.services[name].dependencies if name != stack.front_door else ()
            waiting += needs
    return known
