"""When the engine first checks a container's health: one interval after its start.

Until then the container cannot be ready, however fast it was. From Engine 25 on `start_interval`
(5 s) replaces `interval` as long as `start_period` lasts, also where it is longer; without a
`start_period` the engine ignores `start_interval`.
"""

from stacktest.core.durations import parse_duration
from stacktest.core.model import Service

ENGINE = 25
"""The first engine that knows `start_interval`."""
INTERVAL = 30.0
"""Seconds between two checks where the stack does not say; the engine's own default."""
TIMEOUT = 30.0
"""Seconds that one check may take where the stack does not say; the engine's own default."""
RETRIES = 3
"""Checks that fail in a row before the engine calls a container unhealthy; its own default."""
START_INTERVAL = 5.0
"""Seconds between two checks while `start_period` lasts; the engine's own default."""


def first_look(service: Service, *, engine: int = ENGINE) -> float | None:
    """Seconds from the start until the first check can pass; None without a health check.

    `engine` is the first number of the engine's version.
    """
    if not service.has_healthcheck:
        return None
    check = service.definition.get("healthcheck") or {}
    if engine < ENGINE or not parse_duration(check.get("start_period")):
        return parse_duration(check.get("interval")) or INTERVAL
    return parse_duration(check.get("start_interval")) or START_INTERVAL
