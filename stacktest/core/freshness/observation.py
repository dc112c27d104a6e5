"""One service at one moment, as fingerprints, credit and judgements look at it."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct, field

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.records.common import ContainerRef
from stacktest.core.unknown import Unknown


class ServiceObservation(Struct, frozen=True, kw_only=True):
    """What one service is at one moment, as far as it could be read."""

    fingerprint: Fingerprint
    containers: tuple[ContainerRef, ...] | Unknown = ()
    """The service's containers; empty: there is none."""
    drift: tuple[str, ...] = ()
    """Why what runs is not what the files say, or does not run well."""
    unverified: tuple[str, ...] = ()
    """What could not be checked, e.g. `live:no-exec`; it never makes a state worse."""
    dependencies: Mapping[str, Self] = field(default_factory=dict)
    """Its direct dependencies at the same moment."""
    optional: frozenset[str] = frozenset()
    """Those of them whose failure costs the service nothing: `required: false`, or order alone."""

    doors: Mapping[str, Self] = field(default_factory=dict)
    """The front door at the same moment, by its name, where it leads to the service."""

    @property
    def dependency_digests(self) -> dict[str, str | Unknown]:
        """Dependency → its fingerprint's digest."""
        return {
            name: dependency.fingerprint.digest for name, dependency in self.dependencies.items()
        }
