"""Faults of a service's dependencies and front door that keep its pass from being credited."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.reasons import Reason, in_records, listed
from stacktest.core.freshness.states import State
from stacktest.core.model import Stack
from stacktest.core.plan import needs_of


def flaws(
    observation: ServiceObservation,
    failing: Collection[str],
    exempt: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """Reasons why the service was tested with other dependencies or routes than a pass would name.

    `failing` are dependencies that fail their own tests; `exempt` has the states that an exemption
    allows a service to be in.
    """
    for name, dependency in sorted(observation.dependencies.items()):
        allowed = exempt.get(name, ())
        if name in observation.optional:
            continue
        if dependency.drift and State.DRIFTED.value not in allowed:
            yield f"its dependency {name} is drifted: {dependency.drift_text}"
        if name in failing and State.FAILING.value not in allowed:
            yield f"its dependency {name} fails its own tests"
    for name, door in observation.doors.items():
        drift = in_records(_route_drift(door.drift))
        if drift and State.DRIFTED.value not in exempt.get(name, ()):
            yield f"the front door {name} is drifted: {listed(drift)}"


def drifted_before(stack: Stack, service: str, drift: Mapping[str, Sequence[str]]) -> str:
    """The drifted service without which the tests of `service` earn no pass; empty: there is none.

    `drift` has the reasons of every drifted service.
    """
    if service not in stack.services:
        return ""
    if first := next((name for name in needs_of(stack, service) if drift.get(name)), ""):
        return first
    door = stack.front_door if stack.routes_of(service) else ""
    return door if door != service and _route_drift(drift.get(door, ())) else ""


# Private

_ALL_THE_SAME = frozenset({"absent", "container"})
"""Kinds of drift of a front door that do not affect its routes."""


def _route_drift(reasons: Iterable[str]) -> list[str]:
    """The reasons for which a front door may route otherwise than its files say."""
    return [text for text in reasons if Reason(text).kind not in _ALL_THE_SAME]
