"""The observed facts of one service at one moment: fingerprint, containers, drift, dependencies."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct, field

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.reasons import in_records, listed
from stacktest.core.records.common import ContainerRef
from stacktest.core.unknown import Unknown


class ServiceObservation(Struct, frozen=True, kw_only=True):
    """One service at one moment, as far as it could be read."""

    fingerprint: Fingerprint
    containers: tuple[ContainerRef, ...] | Unknown = ()
    """The service's containers; empty: there is none."""
    drift: tuple[str, ...] = ()
    """Reasons why the containers differ from the files, or do not run well."""
    unverified: tuple[str, ...] = ()
    """Checks that were not possible, e.g. `live:no-exec`; they never make a state worse."""
    unread: frozenset[str] = frozenset()
    """Mounted files that differ from their digests at its container's start, which it read then."""
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Named volumes that it mounts → the time of creation, as far as the engine knows it."""
    dependencies: Mapping[str, Self] = field(default_factory=dict)
    """Its direct dependencies at the same moment."""
    optional: frozenset[str] = frozenset()
    """Dependencies whose failure does not affect it: `required: false`, or for start order only."""
    doors: Mapping[str, Self] = field(default_factory=dict)
    """The front door by its name, observed at the same moment, if it leads to the service."""

    @property
    def drift_text(self) -> str:
        """The drift in one line, as committed files hold it."""
        return listed(in_records(self.drift))

    @property
    def dependency_digests(self) -> dict[str, str | Unknown]:
        """Dependency → its fingerprint's digest."""
        return {
            name: dependency.fingerprint.digest for name, dependency in self.dependencies.items()
        }
