"""Implements `HostView` for one stack by Compose, the client's settings and the engine."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.client_settings import KnownBuilds, client_variables
from stacktest.adapters.engine.container_files import content_there, files_here, shown_content
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.ledger.origins import load_origins, save_origins
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.freshness.origins import Origins
from stacktest.core.json_data import Json
from stacktest.core.model import Build, Service
from stacktest.core.unknown import Unknown


class Host:
    """The facts of this machine about one stack; see `HostView`."""

    def __init__(self, root: Path, compose: Compose, engine: Engine) -> None:
        self._root = root
        self._compose = compose
        self._engine = engine
        self._builds = KnownBuilds(os.environ)

    def config_hashes(self, document: Json) -> Mapping[str, str] | Unknown:
        """Compose's `config-hash` of each service of a resolved document."""
        return self._compose.config_hashes(document)

    def compose_version(self) -> str:
        """The version of Compose that computes these hashes."""
        return ".".join(map(str, self._compose.version()))

    def client_variables(self) -> Mapping[str, str]:
        """Proxy variables that the engine's client adds by its own configuration."""
        return client_variables(self._engine.connection.address, os.environ)

    def build_time(self, build: Build) -> float:
        """When the last build of this context began on this machine, in seconds."""
        return self._builds.last(build)

    def file_digest(self, container: str, path: str) -> str | Unknown:
        """The sha256 of a file in a container."""
        content = content_there(self._engine, container, path)
        return content if isinstance(content, Unknown) else content_digest(content)

    def sees_file(self, container: str, path: str, source: str) -> bool | Unknown:
        """Whether a program in a running container reads at `path` the content of `source` here.

        The engine copies a mounted file from its current source, so a program has to read it.
        """
        try:
            here = Path(source).read_bytes().decode(errors="replace")
        except OSError as error:
            return Unknown(f"{path} in its container cannot be compared: {error}")
        content = shown_content(self._engine, container, path)
        return content if isinstance(content, Unknown) else content == here

    def has_same_files(self, container: str, path: str, source: str) -> bool | Unknown:
        """Whether a container has at `path` the files of `source`; True for a local engine."""
        if not self._engine.connection.is_elsewhere:
            return True
        here = files_here(source)
        there = here if isinstance(here, Unknown) else self._engine.files(container, path)
        if isinstance(there, Unknown):
            return Unknown(f"{path} on the engine's host cannot be compared: {there.why}")
        return here == there

    def definition_drift(self, service: Service) -> tuple[str, ...] | None:
        """None: the engine stores no definitions, so containers have to be compared."""
        del service
        return None

    def networks(self, project: str) -> Mapping[str, Json]:
        """The networks of a project, by name."""
        return {
            str(network["Name"]): network for network in self._engine.networks({PROJECT: project})
        }

    def volumes(self, project: str) -> Mapping[str, Json]:
        """The volumes of a project, by name."""
        return {str(volume["Name"]): volume for volume in self._engine.volumes({PROJECT: project})}

    def containers_on(self, networks: Collection[str], known: Collection[str]) -> tuple[Json, ...]:
        """The running containers on these networks, without those whose id is known."""
        ids = [
            container.id
            for container in self._engine.containers()
            if container.is_running
            and container.id not in known
            and not container.networks.keys().isdisjoint(networks)
        ]
        documents = map(self._engine.inspect, ids)
        return tuple(document for document in documents if not isinstance(document, Unknown))

    def origins(self) -> Origins:
        """The digests that containers and images had when they matched the files."""
        return load_origins(self._root)

    def keep_origins(self, origins: Origins) -> None:
        """Store them for the next comparison."""
        save_origins(self._root, origins)
