"""Which starts come first: those on which the longest chain of other starts waits.

An engine starts a few containers a second. A service that another one waits for, which a third one
waits for, has to be among the first, or the end of its chain is the last to be ready.
"""

from collections.abc import Callable, Collection, Mapping

from stacktest.core.healthcheck_timing import first_look
from stacktest.core.model import Service
from stacktest.core.plan import Plan

UNCHECKED = 1.0
"""Expected seconds until a service without health check is ready, if no earlier start is known."""


def expected_seconds(service: Service, usual: float | None, engine: int) -> float:
    """Seconds until it is ready: as in earlier runs, else when its first check can pass.

    `engine` is the first number of the engine's version.
    """
    return usual or first_look(service, engine=engine) or UNCHECKED


def chain_seconds(
    plan: Plan, missing: Collection[str], expected: Callable[[str], float]
) -> Mapping[str, float]:
    """Missing service → expected seconds from its start until all that wait for it are ready.

    Services that only wait for it by way of another one count; those that run already do not.
    """
    seconds: dict[str, float] = {}
    # Waves are in the order of dependencies: what waits for a service is in a later one.
    for service in reversed([name for wave in plan.waves for name in wave if name in missing]):
        seconds[service] = expected(service) + seconds.get(service, 0.0)
        for need in plan.waits_of(service):
            seconds[need.service] = max(seconds.get(need.service, 0.0), seconds[service])
    return {name: seconds[name] for name in seconds if name in missing}
