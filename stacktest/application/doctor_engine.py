"""Checks the container engine and Compose: their versions, and features that they lack."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.docker_command import refuse_another_engine
from stacktest.application.checkup import Checkup
from stacktest.core import timestamps

CLOCKS_APART = 5.0
"""Seconds between two clocks above which times in logs and records mislead."""


def check_engine() -> Checkup:
    """The engine's version, its address, and where its ports are reached if that is not here."""
    engine = Engine()
    version = engine.version()
    refuse_another_engine(engine)
    connection = engine.connection
    place = f" at {connection.address}" if connection.is_elsewhere else ""
    ports = f"; its published ports are reached at {connection.host}" if place else ""
    return Checkup(subject="engine", is_fine=True, message=f"{version}{place}{ports}")


def check_limits() -> Checkup:
    """Whether the engine enforces limits; if it does not, tests of them are skipped."""
    if sentence := Engine().facts().limits_sentence:
        return Checkup(
            subject="limits",
            is_fine=False,
            message=sentence,
            fix="start the machine with control groups of version 2, or run the engine as root",
        )
    return Checkup(subject="limits", is_fine=True, message="the engine enforces them")


def check_health() -> Checkup:
    """Whether the engine runs health checks: without them no container becomes healthy."""
    if Engine().facts().runs_health_checks:
        return Checkup(subject="health", is_fine=True, message="the engine runs health checks")
    return Checkup(
        subject="health",
        is_fine=False,
        message="Podman runs health checks by timers of systemd, which it does not use here",
        fix="run Podman in a session of systemd, or: podman healthcheck run CONTAINER",
    )


def check_compose() -> Checkup:
    """The version of Compose."""
    from stacktest.adapters.compose.client import Compose

    version = ".".join(map(str, Compose(Path.cwd()).version()))
    return Checkup(subject="compose", is_fine=True, message=version)


def check_clock(now: Callable[[], datetime]) -> Checkup:
    """Whether this clock, which dates evidence, agrees with the engine's, which dates logs."""
    asked = now()
    engine_time = timestamps.parse(str(Engine().info().get("SystemTime", "")))
    # The engine read its clock at some time between the request and the answer.
    nearest = min(max(engine_time, asked), now())
    difference = abs((engine_time - nearest).total_seconds())
    if difference > CLOCKS_APART:
        return Checkup(
            subject="clock",
            is_fine=False,
            message=f"the engine's clock is {difference:.0f} s away from this one",
            fix="synchronise both, for example: systemctl restart systemd-timesyncd",
        )
    return Checkup(subject="clock", is_fine=True, message="agrees with the engine's")
