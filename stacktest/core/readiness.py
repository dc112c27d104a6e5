"""The readiness rule of a service, and whether its container is ready, waiting or cannot be.

    rule                     ready when
    healthy                  its health check says healthy
    running                  it has been running for a while without an end or a restart
    exited(0)                it ended with that exit code: a job, not a server
    tcp:389                  something accepts a connection on that port
    http:/path               a GET of the path is answered with 200; `http:8080/path 204` sets port
                             and status
    listening                something accepts a connection on one of the ports that the service
                             publishes or exposes
    routed                   its host name answers through the front door, with an answer that
                             cannot be the front door's own, or its upstream port accepts
                             connections

A rule that a person wrote is the only one that counts: a failing health check does not end a
service with `ready = "running"`.

`judge` returns `Impossible` at once when waiting cannot help: the program ended, was killed for
memory, could not be started, or its rule is its health check and that failed. A program that
restarts is waited for until its timeout: it may need another service that is not up yet.
No clock is read here: the caller passes for how long the container has been running.
"""

import re
from collections.abc import Iterable
from enum import Enum
from itertools import chain
from typing import assert_never

from msgspec import Struct

from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.shared_network import network_mode
from stacktest.errors import UsageError

RESTARTS_OF_A_LOOP = 3
"""From this number of restarts at the timeout on, a failure is reported as a restart loop."""
FIRST_PAUSE = 0.1
"""Seconds that the engine pauses before the first restart; it doubles them with every restart."""
LONGEST_PAUSE = 60.0
CALM = 10.0
"""Seconds that a program has to run before the engine resets to its shortest pause."""
PERSISTENT = 5.0
"""Seconds that a `PersistentFailure` has to last: during a start such answers can be temporary."""
GATEWAY_ERRORS = frozenset({502, 503, 504})
"""Statuses that a front door answers itself when the service behind it does not answer."""
SETTLED = 1.5
"""Seconds that a container without any check has to run before it counts as ready."""
SETTLED_AFTER_RESTART = 6.0


class Kind(Enum):
    """The kinds of readiness rule."""

    HEALTHY = "healthy"
    RUNNING = "running"
    EXITED = "exited"
    TCP = "tcp"
    HTTP = "http"
    LISTENING = "listening"
    ROUTED = "routed"


class Rule(Struct, frozen=True, kw_only=True):
    """What has to be observed before a service counts as ready."""

    kind: Kind
    code: int = 0
    """Exit code of `exited`, status of `http`."""
    port: int | None = None
    path: str = ""
    ports: tuple[int, ...] = ()
    """Ports of `listening`."""
    host: str = ""
    """Host name of `routed`."""
    derived: bool = False
    """True when stacktest chose the rule, False when the configuration sets it."""

    @property
    def probed(self) -> bool:
        """True when the engine's data does not suffice and a probe has to connect."""
        return self.kind in {Kind.TCP, Kind.HTTP, Kind.LISTENING, Kind.ROUTED}

    def __str__(self) -> str:
        match self.kind:
            case Kind.HEALTHY | Kind.RUNNING:
                return str(self.kind.value)
            case Kind.EXITED:
                return f"exited({self.code})"
            case Kind.TCP:
                return f"tcp:{self.port}"
            case Kind.HTTP:
                status = "" if self.code == _OK else f" {self.code}"
                return f"http:{self.port or ''}{self.path}{status}"
            case Kind.LISTENING:
                return f"something listens on {' or '.join(str(port) for port in self.ports)}"
            case Kind.ROUTED:
                return f"{self.host} answers through the front door"
        assert_never(self.kind)


class Waiting(Struct, frozen=True):
    """Not ready yet; `why` says what is missing."""

    why: str


class Ready(Struct, frozen=True):
    """The rule holds; `why` says what was observed."""

    why: str


class Impossible(Struct, frozen=True):
    """Waiting will not make it ready; `cause` is a clause about the service: "exited 3"."""

    cause: str
    code: str = ""
    """The error code, if it differs from the general code of a failed start."""
    hint: str = ""


class PersistentFailure(Struct, frozen=True):
    """An answer that waiting does not change if it persists: a certificate, a name, a sign-in."""

    why: str
    code: str = ""
    hint: str = ""
    patience: float = PERSISTENT
    """Seconds for which the answer has to stay the same before it ends the wait."""
    seen: str = ""
    """What was observed with the answer; when that changes, the time starts again."""


Judgement = Waiting | Ready | Impossible


def parse_rule(text: str, *, where: str = "") -> Rule:
    """Parses a rule that a person wrote; an invalid text raises UsageError naming `where`."""
    text = text.strip()
    if text in {"healthy", "running"}:
        return Rule(kind=Kind(text))
    if match := re.fullmatch(r"exited\((\d{1,3})\)", text):
        return Rule(kind=Kind.EXITED, code=int(match[1]))
    if (match := re.fullmatch(r"tcp:(\d{1,5})", text)) and _is_port(match[1]):
        return Rule(kind=Kind.TCP, port=int(match[1]))
    match = re.fullmatch(r"http:(\d{1,5})?(/(?!/)\S*)(?:\s+([1-5]\d\d))?", text)
    if match and (match[1] is None or _is_port(match[1])):
        return Rule(
            kind=Kind.HTTP,
            port=int(match[1]) if match[1] else None,
            path=match[2],
            code=int(match[3] or _OK),
        )
    raise UsageError(
        f"{text!r} is not a readiness rule",
        where=where,
        hint="one of: healthy, running, exited(0), tcp:389, http:/path, http:8080/path 204",
    )


def derive(service: Service, stack: Stack) -> Rule:
    """The rule of a service that configures none."""
    if is_job(service, stack):
        return Rule(kind=Kind.EXITED, derived=True)
    if service.has_healthcheck:
        return Rule(kind=Kind.HEALTHY, derived=True)
    named = stack.named_routes_of(service.name)
    if named and service.name != stack.front_door:
        return Rule(kind=Kind.ROUTED, host=named[0].host, derived=True)
    ports = {route.port for route in stack.routes_of(service.name) if route.port}
    if ports and not declared_ports(service) and service.name != stack.front_door:
        # Only routes with host patterns lead to it, and a pattern cannot be requested.
        return Rule(kind=Kind.LISTENING, ports=tuple(sorted(ports)), derived=True)
    return without_door(service)


def without_door(service: Service) -> Rule:
    """The derived rule of a service without a health check that no front door leads to."""
    ports = declared_ports(service)
    if ports:
        return Rule(kind=Kind.LISTENING, ports=ports, derived=True)
    return Rule(kind=Kind.RUNNING, derived=True)


def declared_ports(service: Service) -> tuple[int, ...]:
    """The TCP ports that the compose file publishes or exposes as numbers or ranges."""
    if network_mode(service) == "none":
        return ()
    published = [port.target for port in service.ports if port.protocol == "tcp"]
    exposed = chain.from_iterable(map(_exposed, (service.definition or {}).get("expose") or ()))
    return tuple(dict.fromkeys([*published, *exposed]))


def is_job(service: Service, stack: Stack) -> bool:
    """True when a dependant waits for the service to exit with 0: it runs once and stops."""
    return any(
        need.service == service.name and need.condition == "service_completed_successfully"
        for other in stack.services.values()
        for need in other.depends_on
    )


def runs_once(service: Service, stack: Stack, ready: str) -> bool:
    """Whether the service is ready when its program has ended with 0; `ready` may be empty."""
    rule = parse_rule(ready, where=f"services.{service.name}.ready") if ready else None
    return (rule or derive(service, stack)).kind is Kind.EXITED


def probe_port(rule: Rule, service: Service, stack: Stack) -> int | None:
    """The container port that a tcp or http rule means, or None when none is known."""
    if rule.port is not None:
        return rule.port
    for route in stack.routes_of(service.name):
        if route.port is not None:
            return route.port
    return next(iter(declared_ports(service)), None)


def judge(
    rule: Rule, container: Container, *, running_for: float, answer: str | None = None
) -> Judgement:
    """Whether `container` satisfies `rule`.

    `running_for` is how long it has been observed to run, in seconds. `answer` is the result of a
    probe: empty when it succeeded, a reason when it did not, None when no probe was made.
    """
    if never := _never(rule, container):
        return Impossible(never)
    if rule.kind is Kind.EXITED:
        return _finished(container)
    if not container.is_running:
        return Waiting(f"state is {container.state}{restarts(container)}")
    if rule.kind is Kind.HEALTHY:
        return _healthy(container)
    if rule.kind is Kind.RUNNING:
        return _settled(container, running_for)
    return _answered(rule, container, answer)


def refine(rule: Rule, container: Container) -> Rule:
    """The rule adapted to the container: whether it has a health check depends on the image, too.

    Only a derived rule changes; a configured rule stays.
    """
    has_check = container.health not in {"", "none"}
    if rule.derived and has_check and rule.kind in {Kind.RUNNING, Kind.LISTENING, Kind.ROUTED}:
        return Rule(kind=Kind.HEALTHY, derived=True)
    if rule.derived and not has_check and rule.kind is Kind.HEALTHY and container.is_running:
        return Rule(kind=Kind.RUNNING, derived=True)
    return rule


def restarts(container: Container) -> str:
    """`, 3 restarts, last exit code 1`, or empty without a restart."""
    if not container.restart_count:
        return ""
    count = "1 restart" if container.restart_count == 1 else f"{container.restart_count} restarts"
    code = "" if container.exit_code is None else f", last exit code {container.exit_code}"
    return f", {count}{code}"


def pause_before_restart(restart_count: int, ran_for: float) -> float:
    """Seconds that the engine waits before it restarts a program that ran for `ran_for` seconds."""
    if ran_for >= CALM or restart_count < 1:
        return FIRST_PAUSE
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (restart_count - 1))


def settling_time(container: Container) -> float:
    """How long a container without any check has to run before it counts as ready."""
    return SETTLED_AFTER_RESTART if container.restart_count else SETTLED


# Private

_LONGEST_RANGE = 64
"""A range with this many exposed ports or more is not probed: its ports are opened on demand."""
_OK = 200
_HIGHEST_PORT = 65535
_DOWN = ("restarting", "exited", "dead")


def _exposed(entry: object) -> Iterable[int]:
    """The TCP ports of an entry of `expose`: a number or a range; empty for too long a range."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?(?:/tcp)?", str(entry))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    return range(first, last + 1) if last - first < _LONGEST_RANGE else ()


def _is_port(text: str) -> bool:
    return 0 < int(text) <= _HIGHEST_PORT


def _finished(container: Container) -> Judgement:
    if container.state == "exited":
        return Ready(f"exited {container.exit_code}")
    return Waiting(f"has not ended yet ({container.state})")


def _answered(rule: Rule, container: Container, answer: str | None) -> Judgement:
    if answer == "":
        return Ready(str(rule))
    return Waiting(f"{answer or 'not probed yet'}{restarts(container)}")


def _healthy(container: Container) -> Judgement:
    if container.health == "healthy":
        return Ready("healthy")
    return Waiting(f"health is {container.health or 'unknown'}{restarts(container)}")


def _settled(container: Container, running_for: float) -> Judgement:
    if running_for >= settling_time(container):
        return Ready(f"running for {running_for:.1f} s")
    return Waiting(f"runs since {running_for:.1f} s, has no health check")


def _never(rule: Rule, container: Container) -> str:
    """Why waiting cannot help, or empty."""
    is_unhealthy = (
        rule.kind is Kind.HEALTHY and container.is_running and container.health == "unhealthy"
    )
    no_check = (
        rule.kind is Kind.HEALTHY and container.is_running and container.health in {"", "none"}
    )
    causes = (
        (bool(container.error), "could not be started"),
        # Newer engines set `oom` when any of its processes was killed; the program may still run.
        (
            container.oom and container.state in _DOWN,
            f"was killed for memory (exit {container.exit_code})",
        ),
        (container.state in {"exited", "dead"}, _ended(rule, container)),
        (container.state in {"removing", "removed"}, "was removed while it was starting"),
        (container.state == "paused", "is paused"),
        (is_unhealthy, "is unhealthy"),
        (no_check, "has no health check to become healthy by"),
    )
    return next((cause for holds, cause in causes if holds), "")


def _ended(rule: Rule, container: Container) -> str:
    if rule.kind is Kind.EXITED and container.exit_code == rule.code:
        return ""
    if rule.kind is Kind.EXITED:
        return f"exited {container.exit_code}, expected {rule.code}"
    return f"exited {container.exit_code}"
