"""Stores the specification of a service that will be updated in a spare: a service without tasks.

A spare has the specification of the old service, so that values of variables stay with the
managers, and one label with the parts that it must not have itself: name, labels, ports, number of
tasks. A spare that exists is not created again, so that every step can be repeated after a crash.
"""

import json
from collections.abc import Mapping, Sequence

from stacktest.adapters.engine.labels import KEEP, RUN, STACK
from stacktest.adapters.engine.swarm.client import SwarmEngine
from stacktest.adapters.engine.swarm.services import service_of
from stacktest.adapters.engine.swarm.slots import REPLICAS, labels_of, replicas_of, with_replicas
from stacktest.core.json_data import Json
from stacktest.core.observed_state import Container
from stacktest.core.update.journal import OldContainer
from stacktest.core.update.spare import REMEMBERED
from stacktest.errors import ToolFailedError

_ELSEWHERE = ("Name", "Labels", "EndpointSpec")


class SpareServices:
    """Creates and uses the spares of one update; `labels` mark them."""

    def __init__(self, engine: SwarmEngine, *, labels: Mapping[str, str]) -> None:
        self._engine, self._labels = engine, labels

    def make(self, containers: Sequence[OldContainer]) -> None:
        """Create a spare of each service, unless it exists."""
        for service, old in _by_service(containers).items():
            if self._spec(old.spare) is not None:
                continue
            spec = self._spec(service)
            if spec is None:
                raise ToolFailedError(f"{old.name} is gone", where=f"service {service}")
            self._create(old.spare, spare_spec(spec, old.spare, self._labels))

    def put_back(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """Restore each old service, without tasks: old slot → its new slot."""
        services = _by_service(containers)
        ids = {service: self._again(service, old) for service, old in services.items()}
        return {
            old.container: old.container.replace(service, ids[service], 1)
            for old in containers
            if (service := service_of(old.container))
        }

    def successors(self, project: str, containers: Sequence[OldContainer]) -> tuple[Container, ...]:
        """Always empty: an updated service is the same service, nothing has to be removed."""
        del project, containers
        return ()

    def own_labels_of(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """The labels that stacktest gave to the old services: the new ones keep them."""
        specs = [self._spec(old.spare) for old in _by_service(containers).values()]
        labels = [labels_of({"Spec": remembered_spec(spec)}) for spec in specs if spec]
        names = {RUN, STACK, KEEP}
        return {name: value for row in labels for name, value in row.items() if name in names}

    # Private

    def _again(self, service: str, old: OldContainer) -> str:
        """Restore the service from its spare, without tasks; returns its id."""
        spare = self._spec(old.spare)
        if spare is None:
            raise ToolFailedError(
                f"{old.name} cannot be put back: its spare is gone",
                where=f"service {old.spare}",
                hint=f"docker service rollback {old.name.rpartition('.')[0]}",
            )
        spec = remembered_spec(spare)
        if self._spec(service) is None:
            return self._create(str(spec["Name"]), spec)
        reply = self._engine.services.update(service, lambda _: spec)
        if reply is not None and not reply.ok:
            raise ToolFailedError(
                f"{old.name} cannot be put back: {reply.message}", where=f"service {old.name}"
            )
        return service

    def _spec(self, service: str) -> Json | None:
        """The specification of a service by id or name; None if it does not exist."""
        reply = self._engine.socket.call("GET", f"/services/{service}")
        return reply.data["Spec"] if reply.ok else None

    def _create(self, name: str, spec: Json) -> str:
        reply = self._engine.socket.call("POST", "/services/create", document=spec)
        if not reply.ok:
            raise ToolFailedError(
                f"the managers do not create {name}: {reply.message}", where=f"service {name}"
            )
        return str(reply.data["ID"])


def spare_spec(spec: Json, name: str, labels: Mapping[str, str]) -> Json:
    """The specification of a spare; `labels` mark it as stacktest's."""
    count = replicas_of({"Spec": spec})
    own = {key: spec[key] for key in _ELSEWHERE if key in spec}
    remembered = json.dumps({**own, "Replicas": count}, sort_keys=True)
    rest = {key: value for key, value in spec.items() if key not in _ELSEWHERE}
    # One replica in the label: without tasks, the spare would have no slot to list and remove.
    marks = {**labels, REPLICAS: "1", REMEMBERED: remembered}
    row = {**with_replicas(rest, 0), "Name": name, "Labels": marks}
    return {**row, "EndpointSpec": {"Mode": "dnsrr"}}


def remembered_spec(spare: Json) -> Json:
    """The specification of the old service, without tasks; a start restores their number."""
    own = json.loads(labels_of({"Spec": spare})[REMEMBERED])
    labels = {**own["Labels"], REPLICAS: str(own.pop("Replicas") or 1)}
    rest = {key: value for key, value in spare.items() if key not in _ELSEWHERE}
    return {**rest, **own, "Labels": labels}


# Private


def _by_service(containers: Sequence[OldContainer]) -> dict[str, OldContainer]:
    """Id of the service → the first of its slots."""
    return {service_of(old.container): old for old in reversed(containers)}
