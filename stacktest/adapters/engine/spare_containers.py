"""Creates spares of containers that will be replaced, and restores the containers from them.

Every step can be repeated after a crash: an object that exists already is not created again.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.labels import KEEP, RUN, STACK, without_project
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from stacktest.core.update.journal import OldContainer
from stacktest.core.update.spare import recreation, remembered_image, remembered_labels, spare_body
from stacktest.errors import ToolFailedError


class Spares(Protocol):
    """Stores how old containers were created; a swarm implements it in another way."""

    def make(self, containers: Sequence[OldContainer]) -> None:
        """Store how each container was created, unless that was stored already."""

    def put_back(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """Create each old container again without starting it: old id → its new id."""

    def successors(self, project: str, containers: Sequence[OldContainer]) -> tuple[Container, ...]:
        """The containers that replaced the old ones; they are removed before a restoration."""

    def own_labels_of(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """The labels that stacktest gave to the old containers."""


class SpareContainers:
    """Creates and uses the spares of one update; `labels` mark them."""

    def __init__(self, engine: Engine, *, labels: Mapping[str, str]) -> None:
        self._engine, self._labels = engine, labels

    def make(self, containers: Sequence[OldContainer]) -> None:
        """Create a spare of each container, unless it exists."""
        for old in containers:
            if self._engine.container(old.spare) is not None:
                continue
            document = self._engine.inspect(old.container)
            if isinstance(document, Unknown):
                raise ToolFailedError(
                    f"{old.name} is gone: {document.why}", where=f"container {old.name}"
                )
            self._create(old.spare, spare_body(document, without_project(self._labels)))

    def put_back(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """Create each old container again without starting it: old id → its new id.

        A container that was never replaced keeps its id.
        """
        ids: dict[str, str] = {}
        for old in containers:
            ids[old.container] = (
                old.container if self.is_there(old.container) else self._again(old, ids)
            )
        return ids

    def is_there(self, container: str) -> bool:
        """Whether a container of this id or name exists."""
        return self._engine.container(container) is not None

    def successors(self, project: str, containers: Sequence[OldContainer]) -> tuple[Container, ...]:
        """The containers that replaced the old ones."""
        services, own = {old.service for old in containers}, {old.container for old in containers}
        return tuple(
            item
            for item in self._engine.containers(project)
            if item.service in services and not item.one_off and item.id not in own
        )

    def own_labels_of(self, containers: Sequence[OldContainer]) -> Mapping[str, str]:
        """The labels that stacktest gave to the old containers: the new ones keep them."""
        spares = [self._engine.inspect(old.spare) for old in containers]
        return {
            name: value
            for spare in spares
            if not isinstance(spare, Unknown)
            for name, value in remembered_labels(spare).items()
            if name in {RUN, STACK, KEEP}
        }

    # Private

    def _again(self, old: OldContainer, ids: Mapping[str, str]) -> str:
        spare = self._engine.inspect(old.spare)
        if isinstance(spare, Unknown):
            raise ToolFailedError(
                f"{old.name} cannot be put back: its spare is gone",
                where=f"container {old.spare}",
                hint="docker compose up --detach makes it from the files, on its old data",
            )
        plan = recreation(spare, image=self._reference(spare), ids=ids)
        container = self._create(plan.name, plan.body)
        for network, endpoint in plan.networks.items():
            body = {"Container": container, "EndpointConfig": endpoint}
            self._engine.socket.post(f"/networks/{network}/connect", body)
        return container

    def _reference(self, spare: dict[str, object]) -> str:
        """The old container's reference to its image, else the id if it now means another image."""
        reference, id_ = remembered_image(spare), str(spare["Image"])
        image = self._engine.image(reference)
        is_same = not isinstance(image, Unknown) and image["Id"] == id_
        return reference if is_same else id_

    def _create(self, name: str, body: dict[str, object]) -> str:
        reply = self._engine.socket.call("POST", "/containers/create", {"name": name}, body)
        if not reply.ok:
            raise ToolFailedError(
                f"the engine does not create {name}: {reply.message}", where=f"container {name}"
            )
        return str(reply.data["Id"])
