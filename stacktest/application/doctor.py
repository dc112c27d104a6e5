"""Checks each thing that a run needs: it is fine, or the check names the fix.

A failed check never hides the next: every check stands alone.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stacktest.adapters.diagnosis.port_holder import holder_of
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import SWARM
from stacktest.application.checkup import Checkup, causes_once
from stacktest.application.doctor_browser import check_browser, check_certutil
from stacktest.application.doctor_engine import (
    check_clock,
    check_compose,
    check_engine,
    check_health,
    check_limits,
)
from stacktest.application.doctor_leaf import check_leaves
from stacktest.application.doctor_needs import check_external, check_key
from stacktest.application.doctor_swarm import check_swarm
from stacktest.config import Config
from stacktest.core.diagnosis.facts import HostPort
from stacktest.core.fingerprint.fingerprint import unpinned
from stacktest.core.healthcheck_timing import ENGINE, first_look
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.errors import StacktestError, ToolMissingError, UsageError
from stacktest.reports.wording import count

if TYPE_CHECKING:
    from stacktest.adapters.names import NameMap

SLOW_LOOKUP = 0.1
"""Seconds above which the system's own lookup of a stack's name is reported as slow."""
LATE_LOOK = 5.0
"""Seconds above which a late first health check is reported: the start waits for it."""


class StackContext(Protocol):
    """The parts of a stack that are examined; `bootstrap.context` has them."""

    @property
    def root(self) -> Path:
        """The stack's folder."""

    @property
    def settings(self) -> Config:
        """The configuration from its file and the environment."""

    @property
    def stack(self) -> Stack:
        """The compose model with its routes."""

    @property
    def engine(self) -> Engine:
        """The container engine."""

    @property
    def ca(self) -> Path | None:
        """The private CA's certificate."""

    @property
    def ca_name(self) -> str:
        """The CA's name in messages: a path, or a service and a path in its container."""

    @property
    def makes_its_ca(self) -> bool:
        """Whether a service may write the CA's file at its first start."""

    @property
    def readable_ca(self) -> Path | None:
        """The CA's certificate, readable for this user: perhaps a copy from its container."""

    @property
    def names(self) -> "NameMap":
        """The addresses of host names."""

    def commit(self) -> tuple[str | None, bool | None]:
        """The commit, and whether the folder differs from it; None: not known."""


def examine(find_stack: Callable[[], StackContext], now: datetime) -> tuple[Checkup, ...]:
    """Every checkup, in the order in which a run needs what they check.

    `find_stack` raises StacktestError if there is no stack; the machine is checked nevertheless.
    """
    begun = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    try:
        project: StackContext | None = find_stack()
    except StacktestError as error:
        project, broken = None, _failed("stack", error)
    checks: list[Checkup] = [] if project else [broken]
    if project is not None:
        # The configuration may choose the engine of all checks; `stack` reports its error.
        with suppress(StacktestError):
            _ = project.engine
    checks += [_guarded("engine", check_engine), _guarded("limits", check_limits)]
    checks += [_guarded("health", check_health), _guarded("compose", check_compose)]
    checks += [_guarded("clock", lambda: check_clock(clock))]
    address = project.settings.browser.endpoint if project else ""
    checks.append(_guarded("browser", lambda: check_browser(address)))
    if not address:
        checks.append(_guarded("certutil", check_certutil))
    if project is not None:
        context = project
        checks.append(_guarded("stack", lambda: _stack(context)))
        checks.append(_guarded("config", lambda: _config(context)))
        checks.append(_guarded("vars", lambda: _variables(context)))
        checks.append(_guarded("external", lambda: check_external(context.stack, context.engine)))
        checks.append(_guarded("key", lambda: check_key(context.root, os.environ)))
        checks.append(_guarded("ca", lambda: _ca(context, now)))
        checks.append(_guarded("leaf", lambda: _leaf(context, now)))
        checks.append(_guarded("names", lambda: _names(context)))
        checks.append(_guarded("ports", lambda: _ports(context)))
        checks.append(_guarded("start", lambda: _start(context)))
        checks.append(_guarded("images", lambda: _images(context)))
        if context.engine.connection.orchestrator == SWARM:
            checks += check_swarm(context.stack, context.engine)
        checks.append(_guarded("git", lambda: _git(context)))
        checks.append(_guarded("notify", lambda: _channels(context, os.environ)))
    return tuple(causes_once(checks))


# Private


def _guarded(subject: str, check: Callable[[], Checkup]) -> Checkup:
    try:
        return check()
    except StacktestError as error:
        return _failed(subject, error)


def _failed(subject: str, error: StacktestError) -> Checkup:
    has_place = isinstance(error, UsageError) and error.where
    return Checkup(
        subject=subject,
        is_fine=False,
        message=f"{error.what} ({error.where})" if has_place else error.what,
        fix=error.hint,
        exit_code=error.exit_code,
    )


def _stack(project: StackContext) -> Checkup:
    stack = project.stack
    if unread := stack.unread_routes:
        message = f"which host names lead where is not known: {'; '.join(unread)}"
        fix = "correct it: the names behind it are resolved and judged when it can be read"
        return Checkup(subject="stack", is_fine=False, message=message, fix=fix, exit_code=2)
    services, routes = count(len(stack.services), "service"), count(len(stack.routes), "route")
    summary = f"{stack.name}: {services}, {routes}"
    return Checkup(subject="stack", is_fine=True, message=summary)


def _config(project: StackContext) -> Checkup:
    if file := project.settings.file:
        return Checkup(subject="config", is_fine=True, message=file)
    return Checkup(subject="config", is_fine=True, message="no stacktest.toml yet: stacktest init")


def _channels(project: StackContext, environ: Mapping[str, str]) -> Checkup:
    """Whether the variables of all channels are set: without them a channel gets no message."""
    channels = project.settings.notify
    unset = {
        name: channel.name
        for channel in channels
        for name in (channel.url_env, channel.token_env)
        if name and not environ.get(name, "").strip()
    }
    if not unset:
        message = ", ".join(channel.name for channel in channels) or "no channel is configured"
        return Checkup(subject="notify", is_fine=True, message=message)
    return Checkup(
        subject="notify",
        is_fine=False,
        message="; ".join(
            f"{name} is not set, so {channel} is told nothing" for name, channel in unset.items()
        ),
        fix=f"set {', '.join(unset)}, then: stacktest notify --test",
    )


def _variables(project: StackContext) -> Checkup:
    """Whether every variable of the files is set: Compose only warns, and takes an empty value."""
    unset = project.stack.unset_variables
    if not unset:
        return Checkup(subject="vars", is_fine=True, message="every variable of the files is set")
    listed = "; ".join(f"{name} is not set: {', '.join(keys)}" for name, keys in unset.items())
    return Checkup(
        subject="vars",
        is_fine=False,
        message=listed,
        fix=f"set {', '.join(unset)} in .env, or write a default: ${{{next(iter(unset))}:-value}}",
    )


def _ca(project: StackContext, now: datetime) -> Checkup:
    from stacktest.adapters.tls import check_ca

    if project.ca is None:
        return Checkup(subject="ca", is_fine=True, message="none: the system's trust serves")
    try:
        check_ca(project.readable_ca or project.ca, now=now)
    except StacktestError:
        if not project.makes_its_ca or _exists(project.ca):
            raise
        made_later = f"{project.ca_name} is made by the stack at its first start"
        return Checkup(subject="ca", is_fine=True, message=made_later)
    return Checkup(subject="ca", is_fine=True, message=project.ca_name)


def _exists(path: Path) -> bool:
    """Whether the file exists; False also if this user may not look."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _leaf(project: StackContext, now: datetime) -> Checkup:
    """Whether the front door's certificates are valid, and which clients would refuse them."""
    if not any(route.is_exact for route in project.stack.routes):
        return Checkup(subject="leaf", is_fine=True, message="no host name is routed")
    ca = project.readable_ca
    if ca is not None and project.makes_its_ca and not _exists(ca):
        return Checkup(subject="leaf", is_fine=True, message="the CA has not been made yet")
    return check_leaves(project.stack, project.names, ca, now)


def _names(project: StackContext) -> Checkup:
    """Whether the system's lookup is slow; tests resolve names themselves and do not need it."""
    from stacktest.adapters.names import look_up

    domain = project.stack.domain
    if not domain:
        return Checkup(subject="names", is_fine=True, message="no domain is configured")
    lookup = look_up(f"stacktest.{domain}", timeout=2.0)
    summary = (
        f"*.{domain} is resolved by stacktest; the system needed {lookup.seconds * 1000:.0f} ms"
    )
    if domain.endswith(".local") and lookup.seconds > SLOW_LOOKUP:
        return Checkup(
            subject="names",
            is_fine=False,
            message=f"{summary}: .local belongs to multicast DNS, which other programs wait for",
            fix="stacktest names --hosts, or a domain such as .internal or .test",
        )
    return Checkup(subject="names", is_fine=True, message=summary)


def _ports(project: StackContext) -> Checkup:
    """Whether the ports that the front door publishes are free, or are its own."""
    stack = project.stack
    door = stack.services.get(stack.front_door)
    if door is None or stack.denies_egress:
        why = 'none is published, since `egress` is "deny"' if door else ""
        message = why or "no front door is configured"
        return Checkup(subject="ports", is_fine=True, message=message)
    running = {c.service for c in project.engine.containers(stack.name) if c.is_running}
    published = [(port.host_ip, port.published) for port in door.ports if port.published]
    occupied = [number for address, number in published if _is_taken(address, number)]
    if occupied and door.name not in running:
        names = ", ".join(map(str, occupied))
        holder = holder_of(stack, project.engine, HostPort(number=occupied[0]), besides="")
        return Checkup(
            subject="ports",
            is_fine=False,
            message=f"{names}: taken by {holder.name if holder else 'another program'}",
            fix=f"{(holder and holder.command) or 'stop it'}, or publish {door.name} elsewhere",
            exit_code=2,
        )
    numbers = (str(port.published or "a port that the engine chooses") for port in door.ports)
    ports = ", ".join(dict.fromkeys(numbers)) or "none published"
    return Checkup(subject="ports", is_fine=True, message=f"{door.name} publishes {ports}")


def _start(project: StackContext) -> Checkup:
    """Whether services may be ready long before the engine's first health check."""
    engine = _engine_number(project)
    services = project.stack.services
    looks = {name: first_look(service, engine=engine) for name, service in services.items()}
    slow = {name: look for name, look in looks.items() if look and look > LATE_LOOK}
    if slow:
        worst = sorted(slow, key=lambda name: (-slow[name], name))
        listing = _first([f"{name} {slow[name]:g} s" for name in worst])
        return Checkup(
            subject="start",
            is_fine=False,
            message=f"the engine first looks at their health after: {listing}",
            fix="give their healthcheck `start_period: 60s` and `start_interval: 2s`"
            if engine >= ENGINE
            else "give their healthcheck a shorter `interval` (Engine 25 has `start_interval`)",
        )
    return Checkup(subject="start", is_fine=True, message="health checks begin within 5 s")


def _images(project: StackContext) -> Checkup:
    """Which images are named by a tag; a tag is legal, so it is listed and no fault."""
    names = unpinned(project.stack)
    tagged = f"by a tag, which can move: {_first(names)}" if names else ""
    message = tagged or "built here, or named by digest"
    return Checkup(subject="images", is_fine=True, message=message)


def _first(texts: Sequence[str], most: int = 5) -> str:
    others = f" and {count(len(texts) - most, 'other')}" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{others}"


def _engine_number(project: StackContext) -> int:
    """The major version of the engine; that of a recent engine if none answers."""
    try:
        major = project.engine.version().partition(".")[0]
    except ToolMissingError:
        return ENGINE
    return whole_number(major) or ENGINE


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host or "127.0.0.1", port)) == 0


def _git(project: StackContext) -> Checkup:
    from stacktest.adapters.git import repository as git

    reason = git.why_not(project.root)
    if reason is not None:
        return Checkup(
            subject="git",
            is_fine=False,
            message=reason.why,
            fix="keep the stack in a git repository: pages are compared by its history",
        )
    commit, dirty = project.commit()
    summary = f"{(commit or '')[:12]}{', with uncommitted changes' if dirty else ''}"
    return Checkup(subject="git", is_fine=True, message=summary)
