"""Checks the stores of a running stack: whether their client works, and who reaches them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from stacktest.adapters.network import OPEN, ProbeContainers, reach
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.look_addresses import ServiceAddresses
from stacktest.core.model import Service
from stacktest.core.shared_network import network_owner
from stacktest.errors import StacktestError
from stacktest.init.look.look import Boundary
from stacktest.init.programs import Program
from stacktest.init.stores import STORES, client_of


class Stores:
    """The databases, caches and queues among the running services."""

    def __init__(
        self,
        project: Project,
        probes: ProbeContainers,
        addresses: ServiceAddresses,
        programs: Mapping[str, Program],
    ) -> None:
        self._project, self._stack, self._probes = project, project.stack, probes
        self._addresses, self._programs = addresses, programs

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stores' services."""
        return tuple(self._programs)

    def ports(self) -> Iterator[tuple[str, int]]:
        """Each store that listens at the usual port of its program, with that port."""
        for name, program in self._programs.items():
            port = STORES[program.store]
            if port in self._addresses.open_ports(name):
                yield name, port

    def error(self, name: str) -> str:
        """Why the client in the store's container fails; empty if it works."""
        client = client_of(self._stack.services[name], self._programs[name].store)
        if client is None:
            return ""
        try:
            done = self._addresses.access(name).run(*client.argv, env=client.variables)
        except StacktestError as error:
            return error.what
        return "" if done.code == 0 else (done.err or done.out).strip().partition("\n")[0]

    def boundaries(self) -> Iterator[Boundary]:
        """Stores that are reachable on their own network and not resolved on the front door's."""
        door = self._stack.services.get(self._stack.front_door)
        if door is None or self._stack.denies_egress:
            return
        for name, program in self._programs.items():
            port = STORES[program.store]
            for inner, outer in _pairs(self._stack.services[name], door):
                if network_owner(self._stack, name) == name and self._divides(
                    name, port, inner, outer
                ):
                    yield Boundary(service=name, port=port, inner=inner, outer=outer)
                    break

    # Private

    def _divides(self, name: str, port: int, inner: str, outer: str) -> bool:
        ask: Callable[..., str] = partial(
            reach, self._stack, self._project.engine, self._probes, host=name, port=port
        )
        with suppress(StacktestError):
            # If no probe can open a connection on these networks, it is not known.
            return ask(network=inner) == OPEN and ask(network=outer) == "unresolved"
        return False


def _pairs(store: Service, door: Service) -> Iterator[tuple[str, str]]:
    if set(store.networks) & set(door.networks):
        return
    for inner in store.networks:
        for outer in door.networks:
            yield inner, outer
