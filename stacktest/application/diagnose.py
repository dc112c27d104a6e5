"""Diagnoses a failure: gathers facts about the services concerned, and lets the core decide.

Nothing is gathered before a failure. If the engine gives an error then, there is no diagnosis,
and the failure is reported without one.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.compose.command_line import working_folder
from stacktest.adapters.diagnosis.certificates import shown_certificates
from stacktest.adapters.diagnosis.gather import Gatherer
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.names import NameMap
from stacktest.core.diagnosis.certificate import ABOUT_CERTIFICATES
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Certificate, Facts, Failure
from stacktest.core.diagnosis.finder import diagnose
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.plan import all_needs
from stacktest.core.routing import HTTPS, request_of, routes_taken
from stacktest.core.shared_network import network_owner
from stacktest.errors import StacktestError


class DiagnosedStack(Struct, frozen=True, kw_only=True):
    """The parts of a stack that a diagnosis needs."""

    stack: Stack
    engine: EnginePort
    names: Callable[[], NameMap]
    ca: Callable[[], Path | None]
    now: Callable[[], dt.datetime]
    passed_routes: Callable[[str], Mapping[str, str]]
    """Service → host name → its route at the last pass; empty: not known."""

    def diagnose(self, failure: Failure, since: float | None = None) -> Diagnosis | None:
        """The cause, if the facts decide it; `since`: the beginning of the test in Unix time."""
        try:
            return diagnose(self._facts(failure, since), failure)
        except (StacktestError, OSError):
            return None

    # Private

    def _facts(self, failure: Failure, since: float | None) -> Facts:
        folder = working_folder()
        gatherer = Gatherer.of(self.stack, self.engine, folder, self.now())
        hosts = tuple(_hosts(self.stack, failure))
        return gatherer.facts(
            concerned_services(self.stack, failure),
            since=since,
            with_ports=wants_ports(failure),
            certificates=partial(self._certificates, hosts, folder)
            if ABOUT_CERTIFICATES.search(failure.text)
            else dict,
            passed_routes={
                name: self.passed_routes(name)
                for name in failure.services
                if failure.answers and name in self.stack.services
            },
        )

    def _certificates(self, hosts: Iterable[str], folder: Path) -> Mapping[str, Certificate]:
        names = self.names()

        def address_of(host: str) -> tuple[str, int] | None:
            address = names.resolve(host, HTTPS)
            return address if isinstance(address, tuple) else None

        return shown_certificates(self.stack, hosts, address_of, self.ca(), folder)


def wants_ports(failure: Failure) -> bool:
    """Whether open ports may explain it: at a start behind any answer, else behind a refusal."""
    statuses = [answer.status for answer in failure.answers]
    is_refused = any(status >= _REFUSED for status in statuses)
    return bool(failure.ports) or is_refused or (failure.is_start and bool(statuses))


def concerned_services(stack: Stack, failure: Failure) -> tuple[str, ...]:
    """The services of a failure, those routed to its answers, their needs, and the front door."""
    names = dict.fromkeys(failure.services)
    if failure.is_start and stack.front_door in names:
        # A front door may end at its start if it cannot look up the name of a service.
        names |= dict.fromkeys(route.service for route in stack.routes if route.service)
    for answer in failure.answers:
        routes = routes_taken(stack.routes, request_of(answer.url))
        names |= dict.fromkeys(route.service for route in routes if route.service)
    for name in tuple(names):
        names |= dict.fromkeys(all_needs(stack, name))
    for name in tuple(names):
        if name in stack.services:
            names[network_owner(stack, name)] = None
    if stack.front_door:
        names[stack.front_door] = None
    return tuple(name for name in names if name in stack.services)


# Private

_REFUSED = 400
_URL = re.compile(r"(?:https|wss)://([\w.-]+)")


def _hosts(stack: Stack, failure: Failure) -> Iterable[str]:
    """Host names whose certificate may have caused the failure; those in its text come first."""
    named = [to_ascii(host) for host in _URL.findall(failure.text)]
    routed = [r.host for name in failure.services for r in stack.named_routes_of(name)]
    return dict.fromkeys([*named, *routed][:_MOST_HOSTS])


_MOST_HOSTS = 3
