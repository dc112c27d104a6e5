"""Faults of a service's dependencies and front door that keep its pass from being credited."""

from collections.abc import Collection, Iterator, Mapping

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.reasons import Reason, listed
from stacktest.core.freshness.states import State


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
            yield f"its dependency {name} is drifted: {listed(dependency.drift)}"
        if name in failing and State.FAILING.value not in allowed:
            yield f"its dependency {name} fails its own tests"
    for name, door in observation.doors.items():
        drift = [text for text in door.drift if Reason(text).kind not in _ALL_THE_SAME]
        if drift and State.DRIFTED.value not in exempt.get(name, ()):
            yield f"the front door {name} is drifted: {listed(drift)}"


# Private

_ALL_THE_SAME = frozenset({"absent", "container"})
"""Kinds of drift of a front door that do not affect its routes."""
