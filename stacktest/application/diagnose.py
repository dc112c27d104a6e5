"""Diagnoses what failed: gathers the facts that it may have to do with, and asks the core.

Nothing is gathered before something has failed. What the engine does not tell then costs the
diagnosis, never the report of the failure.
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
from stacktest.core.diagnosis.facts import Certificate, Facts, Failure, all_needs
from stacktest.core.diagnosis.finder import diagnose
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.routing import HTTPS, request_of, routes_taken
from stacktest.core.shared_network import network_owner
from stacktest.errors import StacktestError


class DiagnosedStack(Struct, frozen=True, kw_only=True):
    """What has to be known of a stack to diagnose its failures."""

    stack: Stack
    engine: EnginePort
    names: Callable[[], NameMap]
    ca: Callable[[], Path | None]
    now: Callable[[], dt.datetime]
    passed_routes: Callable[[str], Mapping[str, str]]
    """Service → the host names at its last pass, and where each led; empty: not known."""

    def diagnose(self, failure: Failure, since: float | None = None) -> Diagnosis | None:
        """The cause, where the facts decide it; `since` is when the test began, in Unix time."""
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
            with_ports=bool(failure.ports)
            or any(answer.status >= _REFUSED for answer in failure.answers),
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


def concerned_services(stack: Stack, failure: Failure) -> tuple[str, ...]:
    """The services of a failure, those behind what was answered, what they need, and the door."""
    names = dict.fromkeys(failure.services)
    if failure.is_start and stack.front_door in names:
        # It may end since it does not find one of them.
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
_URL = re.compile(r"https://([\w.-]+)")


def _hosts(stack: Stack, failure: Failure) -> Iterable[str]:
    """Host names whose certificate the failure may be about, those that it names first."""
    named = [to_ascii(host) for host in _URL.findall(failure.text)]
    routed = [r.host for name in failure.services for r in stack.named_routes_of(name)]
    return dict.fromkeys([*named, *routed][:_MOST_HOSTS])


_MOST_HOSTS = 3
