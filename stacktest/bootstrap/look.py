"""Asks a running stack: every service over HTTP, every store by its client, and the networks.

where a service is asked                                       as the test writes it
each of its host names, and each path that leads to it         `api("wiki.home.lan")`
if no answer there is certainly its own: a published port      `api("wiki", port=8080)`
if it publishes none: a port at which it listens               `inside("wiki").http(8080)`
"""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from stacktest.adapters.engine.labels import holder_labels
from stacktest.adapters.network import ProbeContainers
from stacktest.bootstrap.context import Project, new_run_id
from stacktest.bootstrap.look_addresses import ServiceAddresses
from stacktest.bootstrap.look_stores import Stores
from stacktest.bootstrap.visits import visit
from stacktest.core.changed_copy import replace
from stacktest.core.route import Route
from stacktest.core.secrets import secrets_of
from stacktest.init.look.findings import findings
from stacktest.init.look.look import DOOR, Look, Visit
from stacktest.init.look.paths import paths_to_ask
from stacktest.init.programs import recognise
from stacktest.init.stores import STORES
from stacktest.init.suites import is_one_shot

if TYPE_CHECKING:
    pass

AT_ONCE = 4
"""The number of services that are asked at the same time."""
PAUSE = 0.5
"""Seconds between two attempts."""


def look_at(project: Project, patience: float = 0.0) -> Look:
    """The answers of the running services of a stack, which are not changed.

    `patience`: seconds within which a service without a health check must begin to answer, if the
    stack was started just before.
    """
    labels = holder_labels(project.stack, new_run_id(), str(os.getpid()))
    image = project.config.stack.probe_image
    with closing(ProbeContainers(project.stack, project.engine, image=image, labels=labels)) as p:
        return _Looker(project, p, patience).look()


def running_services(project: Project) -> frozenset[str]:
    """Services of the stack with a container that runs."""
    return frozenset(
        container.service
        for container in project.engine.containers(project.stack.name)
        if container.is_running and not container.one_off
    )


# Private


class _Looker:
    """Asks the services of one stack."""

    def __init__(self, project: Project, probes: ProbeContainers, patience: float) -> None:
        self._stack = project.stack
        self._deadline = time.monotonic() + patience
        self._programs = {s.name: recognise(s) for s in self._stack.services.values()}
        self._running = running_services(project)
        self._addresses = ServiceAddresses(project, probes, self._programs)
        stores = {
            name: program
            for name, program in self._programs.items()
            if program and program.store in STORES and name in self._running
        }
        self._stores = Stores(project, probes, self._addresses, stores)

    def look(self) -> Look:
        """All answers, store errors and network boundaries."""
        paths, visits, unanswered = paths_to_ask(self._stack), list[Visit](), dict[str, str]()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stacktest-look") as pool:
            names = [name for name in sorted(self._stack.services) if not self._is_quiet(name)]
            results = pool.map(partial(self._patient_visits, paths), names)
            for name, (seen, why) in zip(names, results, strict=True):
                visits += seen
                if not any(item.credited for item in seen):
                    unanswered[name] = why
            visits += filter(None, pool.map(partial(self._own, paths), self._own_hosts()))
        look = Look(visits=tuple(visits), secrets=secrets_of(self._stack))
        return replace(
            look,
            visits=(*visits, *self._closer(look, paths)),
            store_errors={name: self._store_error(name) for name in self._stores.names},
            store_ports=dict(self._stores.ports()),
            boundaries=tuple(self._stores.boundaries()),
            unanswered=unanswered,
        )

    def _closer(self, look: Look, paths: Iterable[str]) -> Iterator[Visit]:
        """Inner answers of services whose answers at the front door do not differ from others'."""
        routed = {item.service for item in look.visits if item.host and item.credited} - {DOOR}
        for name in sorted(routed - findings(look).keys()):
            for address in self._addresses.inner(name):
                if isinstance(result := visit(address, paths), Visit):
                    yield result

    def _is_quiet(self, name: str) -> bool:
        """Whether the service is not asked over HTTP: a store, the front door, a one-shot job."""
        program = self._programs[name]
        is_store = program is not None and program.store in STORES
        is_door = name == self._stack.front_door and bool(self._stack.routes)
        return (
            is_store
            or is_door
            or is_one_shot(self._stack, name, program)
            or bool(self._stack.services[name].unreadable)
        )

    def _patient_visits(self, paths: Iterable[str], name: str) -> tuple[list[Visit], str]:
        """The same, repeated until the service answers or the patience is over."""
        while True:
            visits, why = self._visits(paths, name)
            is_late = time.monotonic() > self._deadline or name not in self._running
            if any(item.credited for item in visits) or is_late:
                return visits, why
            time.sleep(PAUSE)

    def _visits(self, paths: Iterable[str], name: str) -> tuple[list[Visit], str]:
        """The answers of a service's addresses, and why the last address that failed gave none."""
        if name not in self._running:
            return [], "it does not run"
        visits, why = list[Visit](), "it answers nothing over HTTP"
        places = self._addresses
        for addresses_of in (places.by_host, places.published, places.inner):
            for address in addresses_of(name):
                result = visit(address, paths)
                if isinstance(result, Visit):
                    visits.append(result)
                elif address.host:
                    why = f"{address.host} {result}"
            if any(item.credited for item in visits):
                break
        return visits, why

    def _own_hosts(self) -> list[Route]:
        """Routes of host names at which the front door answers by itself."""
        exact = [route for route in self._stack.routes if route.is_exact]
        return [
            route
            for route in {route.host: route for route in reversed(exact) if route.is_main}.values()
            if not route.service and not route.upstream and not route.unknown
        ]

    def _own(self, paths: Iterable[str], route: Route) -> Visit | None:
        result = visit(self._addresses.at_door(DOOR, route, ""), paths)
        return result if isinstance(result, Visit) else None

    def _store_error(self, name: str) -> str:
        """Why a store's client fails, repeated until it works (empty) or the patience is over."""
        while (error := self._stores.error(name)) and time.monotonic() < self._deadline:
            time.sleep(PAUSE)
        return error
