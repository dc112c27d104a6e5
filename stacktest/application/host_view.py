"""Facts of this machine beside the engine's: Compose's hashes, client settings, earlier builds."""

from collections.abc import Collection, Mapping
from typing import Protocol

from stacktest.core.freshness.origins import Origins
from stacktest.core.json_data import Json
from stacktest.core.model import Build, Service
from stacktest.core.unknown import Unknown


class HostView(Protocol):
    """Facts that are needed to tell a container with an unapplied edit from one that matches."""

    def config_hashes(self, document: Json) -> Mapping[str, str] | Unknown:
        """Compose's `config-hash` of each service of a resolved document."""

    def compose_version(self) -> str:
        """The version of Compose that computes these hashes."""

    def client_variables(self) -> Mapping[str, str]:
        """Variables that the engine's client adds to every container by its own configuration."""

    def build_time(self, build: Build) -> float:
        """When the last build of this context began, in seconds; 0: not known."""

    def file_digest(self, container: str, path: str) -> str | Unknown:
        """The sha256 of a file in a container."""

    def sees_file(self, container: str, path: str, source: str) -> bool | Unknown:
        """Whether a program in a running container reads at `path` the content of `source` here."""

    def has_same_files(self, container: str, path: str, source: str) -> bool | Unknown:
        """Whether a container has at `path` the files of `source` on this machine.

        True without a comparison if the engine runs on this machine.
        """

    def definition_drift(self, service: Service) -> tuple[str, ...] | None:
        """Why the running service differs from the files, if the engine stores definitions.

        None: the engine stores containers only, and they have to be compared.
        """

    def networks(self, project: str) -> Mapping[str, Json]:
        """The networks of a project, by name."""

    def volumes(self, project: str) -> Mapping[str, Json]:
        """The volumes of a project, by name."""

    def containers_on(self, networks: Collection[str], known: Collection[str]) -> tuple[Json, ...]:
        """The running containers on these networks, without those whose id is known."""

    def origins(self) -> Origins:
        """The digests that containers and images had when they matched the files."""

    def keep_origins(self, origins: Origins) -> None:
        """Store them for the next comparison."""


class NoHost:
    """A host without facts: only what the engine shows about containers is compared."""

    def config_hashes(self, document: Json) -> Mapping[str, str] | Unknown:
        """Unknown."""
        return Unknown(f"no Compose for {document['name']}")

    def compose_version(self) -> str:
        """Empty."""
        return ""

    def client_variables(self) -> Mapping[str, str]:
        """None."""
        return {}

    def build_time(self, build: Build) -> float:
        """Not known."""
        del build
        return 0.0

    def file_digest(self, container: str, path: str) -> str | Unknown:
        """Unknown."""
        return Unknown(f"nobody reads {path} in {container}")

    def sees_file(self, container: str, path: str, source: str) -> bool | Unknown:
        """Unknown."""
        return Unknown(f"nobody looks into {container} for {path}, which is {source} here")

    def has_same_files(self, container: str, path: str, source: str) -> bool | Unknown:
        """As an engine of this machine has them."""
        del container, path, source
        return True

    def definition_drift(self, service: Service) -> tuple[str, ...] | None:
        """None."""
        del service
        return None

    def networks(self, project: str) -> Mapping[str, Json]:
        """None."""
        del project
        return {}

    def volumes(self, project: str) -> Mapping[str, Json]:
        """None."""
        del project
        return {}

    def containers_on(self, networks: Collection[str], known: Collection[str]) -> tuple[Json, ...]:
        """None."""
        del networks, known
        return ()

    def origins(self) -> Origins:
        """Nothing."""
        return Origins()

    def keep_origins(self, origins: Origins) -> None:
        """Store nothing."""
