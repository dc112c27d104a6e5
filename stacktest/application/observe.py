"""Observes the stack as it is now: fingerprints, containers, drift; starts and changes nothing.

A value that could not be read is `Unknown` with its reason, per service: an engine that does not
answer makes containers and images unknown, and all other values can still be read.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from stacktest.application.drift_reader import DriftReader
from stacktest.application.host_view import HostView, NoHost
from stacktest.application.joined_containers import joined_containers, joined_drift, joined_ids
from stacktest.config import Config
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness import drift
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.inherited_builds import with_inherited_builds
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import runs_once
from stacktest.core.records.common import ContainerRef
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


class EngineView(Protocol):
    """The part of the engine that `observe` needs."""

    def containers(self, project: str = "") -> tuple[Container, ...]:
        """Every container of the project."""

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002
        """The engine's whole document of one container."""

    def image(self, ref: str) -> Json | Unknown:
        """The engine's document of an image."""


class FingerprintReader(Protocol):
    """Reads the fingerprints of services; implemented by `adapters.fingerprint_inputs`."""

    def __call__(self, images: Mapping[str, Json | Unknown]) -> Mapping[str, Fingerprint]:
        """The fingerprint of each service, given the image that it runs."""


class _Documents(Struct, frozen=True, kw_only=True):
    """The containers of one service, as the engine describes them."""

    inspected: tuple[Json, ...] | Unknown
    tagged: Json | Unknown
    running: tuple[Json | Unknown, ...] = ()
    """The image of each container: replicas may run different ones."""


def observe(
    stack: Stack,
    config: Config,
    engine: EngineView,
    fingerprints: FingerprintReader,
    host: HostView | None = None,
) -> Mapping[str, ServiceObservation]:
    """The observation of every service of the stack as it is now."""
    documents = _find(stack, engine)
    images = {
        name: of_service.running[0] if of_service.running else of_service.tagged
        for name, of_service in documents.items()
    }
    joined = joined_containers(stack, engine.inspect)
    comparison = DriftReader(
        stack=stack,
        host=host or NoHost(),
        containers=tuple(_created(stack, documents, joined_ids(joined))),
        tags={name: image_name(stack, service) for name, service in stack.services.items()},
        tagged={name: of_service.tagged for name, of_service in documents.items()},
        reload=lambda name: config.service(name).reload,
    )
    comparison.ask()
    observations = {
        name: _observation(
            documents[name],
            fingerprint,
            comparison,
            stack.services[name],
            joined,
            is_job=runs_once(stack.services[name], stack, config.service(name).ready),
        )
        for name, fingerprint in fingerprints(images).items()
    }
    comparison.keep()
    return with_inherited_builds(stack, observations, comparison.tagged, comparison.tags)


def image_name(stack: Stack, service: Service) -> str:
    """The tag that Compose gives the service's image: its own, or that of the build."""
    return service.image or f"{stack.name}-{service.name}"


# Private


def _find(stack: Stack, engine: EngineView) -> dict[str, _Documents]:
    try:
        listed = engine.containers(stack.name)
    except ToolMissingError as error:
        why = Unknown(why=error.what)
        return {name: _Documents(inspected=why, tagged=why) for name in stack.services}
    by_service: dict[str, list[str]] = {name: [] for name in stack.services}
    for container in listed:
        if container.service in by_service and not container.one_off:
            by_service[container.service].append(container.id)
    # Services share images, and most containers run the image of their tag.
    image = functools.cache(engine.image)
    return {
        name: _documents(image_name(stack, stack.services[name]), ids, engine.inspect, image)
        for name, ids in by_service.items()
    }


def _documents(
    tag: str,
    ids: Iterable[str],
    inspect: Callable[[str], Json | Unknown],
    image: Callable[[str], Json | Unknown],
) -> _Documents:
    documents, tagged = [], image(tag)
    for id_ in ids:
        document = inspect(id_)
        if isinstance(document, Unknown):
            # Without it the container would seem to have been removed.
            return _Documents(inspected=document, tagged=tagged)
        documents.append(document)
    tagged_id = tagged.get("Id") if isinstance(tagged, dict) else None
    running = (d["Image"] for d in documents)
    return _Documents(
        inspected=tuple(documents),
        tagged=tagged,
        running=tuple(tagged if id_ == tagged_id else image(id_) for id_ in running),
    )


def _created(
    stack: Stack, documents: Mapping[str, _Documents], joined: Mapping[str, frozenset[str]]
) -> Iterable[Created]:
    """Every container with its service's definition, its image, and the ids of those it joins."""
    inspected = {
        name: () if isinstance(item.inspected, Unknown) else item.inspected
        for name, item in documents.items()
    }
    ids = {
        name: frozenset(str(document["Id"]) for document in listed)
        for name, listed in inspected.items()
    }
    return (
        Created(
            service=stack.services[name],
            stack=stack,
            inspect=document,
            image=image,
            containers=ids,
            joined=joined,
        )
        for name, listed in inspected.items()
        for document, image in zip(listed, documents[name].running, strict=True)
    )


def _observation(
    documents: _Documents,
    fingerprint: Fingerprint,
    comparison: DriftReader,
    service: Service,
    joined: Mapping[str, Json | Unknown],
    *,
    is_job: bool,
) -> ServiceObservation:
    if isinstance(documents.inspected, Unknown):
        return ServiceObservation(fingerprint=fingerprint, containers=documents.inspected)
    reasons: list[str] = []
    if documents.inspected:
        reasons += drift.count_drift(len(documents.inspected), _replicas(service))
    for document in documents.inspected:
        reasons += drift.state_drift(document, is_job=is_job)
    reasons += joined_drift(comparison.stack, service, documents.inspected, joined)
    differing, unverified = comparison.read(service, fingerprint)
    return ServiceObservation(
        fingerprint=fingerprint,
        containers=tuple(
            sorted(map(_container_ref, documents.inspected), key=lambda ref: ref.container)
        ),
        drift=tuple(dict.fromkeys([*reasons, *differing])),
        unverified=tuple(dict.fromkeys(unverified)),
        unread=comparison.unread(service),
        volumes=comparison.volumes(service),
    )


def _replicas(service: Service) -> int:
    definition = service.definition or {}
    deployed = (definition.get("deploy") or {}).get("replicas")
    scale = definition.get("scale") if deployed is None else deployed
    return 1 if scale is None else int(scale)


def _container_ref(document: Json) -> ContainerRef:
    return ContainerRef(
        container=document["Id"],
        image=document["Image"],
        started_at=document["State"]["StartedAt"],
    )
