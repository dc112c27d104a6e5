"""Compares the containers of a stack with its files, service by service.

Compose computes its hashes while the files are read; containers and images that match the files are
remembered with their digests for the next comparison.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cached_property

from msgspec import Struct, field

from stacktest.application.host_view import HostView
from stacktest.application.known_origins import KnownOrigins, build_inputs
from stacktest.application.made_elsewhere import made_elsewhere
from stacktest.application.mounted_drift import (
    edited_files,
    gone_sources,
    times_as_mounted,
    unseen_files,
)
from stacktest.application.mounts_elsewhere import mounts_elsewhere
from stacktest.core import timestamps
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness import drift
from stacktest.core.freshness.built import not_built
from stacktest.core.freshness.container.as_created import (
    LABEL,
    VERSION,
    hash_document,
    labels_of,
)
from stacktest.core.freshness.container.differences import Differences, differences
from stacktest.core.freshness.container.namesakes import (
    looked_up_names,
    name_drift,
    network_names,
)
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.container.shared import creation_times, shared_drift
from stacktest.core.freshness.definition import HashMatch, definition_drift, is_match
from stacktest.core.freshness.origins import differing
from stacktest.core.inherited_mounts import inherited_mounts
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.shared_network import network_owner
from stacktest.core.unknown import Unknown


class DriftReader(Struct, kw_only=True, dict=True):
    """Compares all containers of a stack at one time."""

    stack: Stack
    host: HostView
    containers: tuple[Created, ...]
    tags: Mapping[str, str]
    """Service → the tag that its image has, or should have."""
    tagged: Mapping[str, Json | Unknown]
    """Service → the engine's document of the image with that tag."""
    reload: Callable[[str], str]
    """Service → how it reloads a changed file; `live`: by itself."""
    _hashes: "Future[Mapping[str, str] | Unknown]" = field(default_factory=Future)
    _unread: dict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    """Service → for each container whose files are remembered, those that were edited since."""

    def ask(self) -> None:
        """Start Compose in a thread for the hashes of all containers that need one."""
        documents = [item for item in self.containers if self._needs_hash(item)]
        if not documents:
            self._hashes.set_result({})
            return
        document = hash_document(self.stack, documents)

        def ask() -> None:
            try:
                self._hashes.set_result(self.host.config_hashes(document))
            except Exception as error:  # noqa: BLE001 - carried to the thread that waits
                self._hashes.set_exception(error)

        threading.Thread(target=ask, name="stacktest-hashes", daemon=True).start()

    def read(self, service: Service, fingerprint: Fingerprint) -> tuple[list[str], list[str]]:
        """Why the service's containers differ from the files, and what could not be verified."""
        specified = self.host.definition_drift(service)
        reasons: list[str] = list(specified or ())
        unverified: list[str] = []
        for container in self._by_service[service.name]:
            for outcome, unknown in (
                self._image(container),
                *(self._compared(container, fingerprint) if specified is None else ()),
                self._contents(container, fingerprint),
                mounts_elsewhere(self.stack, container, fingerprint, self.host.has_same_files),
                unseen_files(self.stack, container, self.host.sees_file)
                if self.reload(service.name) == "live"
                else (self._files(container, fingerprint), ()),
                (self._network(container), ()),
            ):
                reasons += outcome
                unverified += unknown
        if reasons or self._by_service[service.name]:
            if specified is None:
                reasons += shared_drift(self.stack, service, self._networks, self._volumes)
            reasons += name_drift(self.stack, service, self._others)
        outcome, unknown = self._build(service, fingerprint)
        reasons += outcome
        if reasons:
            reasons = [*self._made_elsewhere(service), *reasons]
        return reasons, [*unverified, *unknown]

    def unread(self, service: Service) -> frozenset[str]:
        """Mounted files that were edited after all containers of a service had started."""
        edited = self._unread[service.name]
        is_known = bool(edited) and len(edited) == len(self._by_service[service.name])
        return frozenset.intersection(*edited) if is_known else frozenset()

    def volumes(self, service: Service) -> Mapping[str, str]:
        """The volumes that a service with containers mounts, and when each was created."""
        if not self._by_service[service.name] or self.host.definition_drift(service) is not None:
            return {}
        return creation_times(self.stack, service, self._volumes)

    def keep(self) -> None:
        """Store the digests of containers and images that match the files."""
        self._origins.keep({str(item.inspect["Id"]) for item in self.containers})

    # Private

    def _compared(
        self, container: Created, fingerprint: Fingerprint
    ) -> Iterator[tuple[drift.Reasons, drift.Reasons]]:
        """The comparisons of a container with the definition that it was created from."""
        yield self._definition(container, fingerprint)
        yield self._mounts(container), ()
        yield gone_sources(self.stack, container, fingerprint, self.host.has_same_files), ()

    def _made_elsewhere(self, service: Service) -> Iterator[str]:
        """Where the service's containers were made from, if not from this stack's files."""
        for container in self._by_service[service.name]:
            yield from made_elsewhere(container)

    def _network(self, container: Created) -> drift.Reasons:
        """Whether the service whose network this container shares was restarted since."""
        name = container.service.name
        owner = network_owner(self.stack, name)
        if owner == name or container.inspect["State"]["Status"] != "running":
            return ()
        started = _started(container.inspect)
        owners = [_started(item.inspect) for item in self._by_service[owner]]
        return drift.network_drift(owner, max(owners, default=started), name, started)

    @cached_property
    def _by_service(self) -> Mapping[str, list[Created]]:
        """Service → its containers."""
        containers: dict[str, list[Created]] = defaultdict(list)
        for container in self.containers:
            containers[container.service.name].append(container)
        return containers

    @cached_property
    def _origins(self) -> KnownOrigins:
        return KnownOrigins(self.host)

    @cached_property
    def _networks(self) -> Mapping[str, Json]:
        return self.host.networks(self.stack.name)

    @cached_property
    def _volumes(self) -> Mapping[str, Json]:
        return self.host.volumes(self.stack.name) if self.stack.definitions.get("volumes") else {}

    @cached_property
    def _others(self) -> tuple[Json, ...]:
        """Foreign containers on the networks on which the stack's services look up names."""
        names = {
            network
            for service in self.stack.services
            if looked_up_names(self.stack, service)
            for network in network_names(self.stack, service)
        }
        known = {str(item.inspect["Id"]) for item in self.containers}
        return self.host.containers_on(names, known) if names else ()

    @cached_property
    def _differences(self) -> Mapping[str, Differences]:
        return {item.inspect["Id"]: differences(item) for item in self.containers}

    def _needs_hash(self, container: Created) -> bool:
        if self.host.definition_drift(container.service) is not None:
            return False
        is_known = self._origins.has_definition(container)
        return not is_known or self._differences[container.inspect["Id"]] != Differences()

    def _image(self, container: Created) -> tuple[drift.Reasons, drift.Reasons]:
        name = container.service.name
        return drift.image_drift(
            container.inspect, self.tagged[name], container.image, self.tags[name]
        )

    def _definition(
        self, container: Created, fingerprint: Fingerprint
    ) -> tuple[drift.Reasons, drift.Reasons]:
        outcome = self._differences[container.inspect["Id"]]
        hash_match = self._hash_match(container)
        edited = self._origins.edited_keys(container, fingerprint)
        reasons, unverified = definition_drift(outcome, hash_match, edited)
        # The remembered digests do not cover variables, and the hash is a label, which is copied.
        reasons += drift.env_drift(
            container.service,
            container.inspect,
            container.image,
            self.host.client_variables(),
            by_definition=hash_match is HashMatch.SAME,
        )
        if not reasons and is_match(outcome, hash_match, edited):
            self._origins.add_definition(container, fingerprint)
        return reasons, unverified

    def _hash_match(self, container: Created) -> HashMatch:
        """Whether Compose would create the same container."""
        labels = labels_of(container.inspect)
        hashes = self._hashes.result()
        hash_ = {} if isinstance(hashes, Unknown) else hashes
        expected, actual = hash_.get(container.service.name), labels.get(LABEL)
        if not expected or not actual:
            return HashMatch.UNKNOWN
        if expected == actual:
            return HashMatch.SAME
        if _numbers(labels.get(VERSION, "")) != _numbers(self.host.compose_version()):
            # Another version of Compose may hash the same definition otherwise.
            return HashMatch.UNKNOWN
        return HashMatch.UNKNOWN if _is_shared(container) else HashMatch.OTHER

    def _mounts(self, container: Created) -> drift.Reasons:
        return drift.mount_drift(
            container.service,
            self.stack,
            container.inspect,
            container.image,
            inherited=inherited_mounts(self.stack, container.service),
            resolve=os.path.realpath,
        )

    def _contents(
        self, container: Created, fingerprint: Fingerprint
    ) -> tuple[drift.Reasons, drift.Reasons]:
        expected = fingerprint.inputs().contents
        actual = {
            target: self.host.file_digest(container.inspect["Id"], target) for target in expected
        }
        return drift.content_drift(expected, actual)

    def _files(self, container: Created, fingerprint: Fingerprint) -> drift.Reasons:
        """Mounted files that have changed since the container's start."""
        if container.inspect["State"]["Status"] == "created":
            # It was never started, so it has read nothing; the engine says that it was in year 1.
            return ()
        if fingerprint.key_id and isinstance(fingerprint.parts["config"], Unknown):
            # A part that could not be read is neither equal nor changed.
            return ()
        times = fingerprint.inputs().mount_file_times
        detail = fingerprint.detail.get("config", {})
        now = {label: detail[label] for label in times if label in detail}
        started = _started(container.inspect)
        before = self._origins.files_at_start(container, fingerprint, now)
        if before is not None:
            edited = before.keys() & differing(before, now)
            self._unread[container.service.name].append(frozenset(edited))
            return edited_files(self.stack, before, now, times, started)
        counted = times_as_mounted(self.stack, container, times, now)
        moments = {label: datetime.fromtimestamp(at, UTC) for label, at in counted.items()}
        reasons = drift.stale_inputs(moments, started)
        if not reasons and not fingerprint.inputs().missing_mounts:
            self._origins.add_files(container, fingerprint, now)
        return reasons

    def _build(
        self, service: Service, fingerprint: Fingerprint
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        image = self.tagged[service.name]
        if service.build is None or isinstance(image, Unknown) or not fingerprint.key_id:
            return (), ()
        if isinstance(fingerprint.parts["build"], Unknown):
            return (), ()
        name = f"{service.name} {image['Id']}"
        before = self._origins.build(name, fingerprint)
        image_time, build_time = _image_time(image), self.host.build_time(service.build)
        reasons = not_built(
            fingerprint.inputs(),
            build_inputs(fingerprint),
            before=before.inputs if before else None,
            before_time=before.time if before else 0.0,
            image_time=image_time,
            build_time=build_time,
        )
        if reasons and before is None and image.get("RepoDigests"):
            # The image may not have been built on this machine at all.
            return (), ("live:build: the image may come from a registry",)
        if not reasons:
            self._origins.add_build(name, fingerprint, max(image_time, build_time))
        return reasons, ()


# Private


def _started(document: Json) -> datetime:
    return timestamps.parse(document["State"]["StartedAt"])


def _image_time(image: Json) -> float:
    tagged = str((image.get("Metadata") or {}).get("LastTagTime") or "")
    times = [text for text in (tagged, str(image.get("Created") or "")) if text[:4] > "1970"]
    return max((timestamps.parse(text).timestamp() for text in times), default=0.0)


def _numbers(version: str) -> tuple[str, ...]:
    return tuple(version.removeprefix("v").partition("-")[0].split(".")[:3])


def _is_shared(container: Created) -> bool:
    """Whether the hash covers references to other containers, which may have another form."""
    definition = container.definition
    names = (str(definition.get(key) or "") for key in ("network_mode", "pid", "ipc"))
    return bool(definition.get("volumes_from")) or any(n.startswith("service:") for n in names)
