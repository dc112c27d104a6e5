"""What this machine remembers of containers and images that matched the files.

What is new is collected during a comparison and stored at its end. Nothing is remembered without a
key: digests of files that hold secrets would tell the secrets.
"""

from collections.abc import Collection

from stacktest.application.host_view import HostView
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import ROUTE, Fingerprint
from stacktest.core.freshness.built import ARGUMENTS
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.origins import (
    ContainerOrigin,
    Digests,
    ImageOrigin,
    Origins,
    carried,
    differing,
)

_MOST_IMAGES = 200


class KnownOrigins:
    """The stored origins, and those that this comparison adds."""

    def __init__(self, host: HostView) -> None:
        self._host = host
        self._stored = host.origins()
        self._containers: dict[str, ContainerOrigin] = {}
        self._images: dict[str, ImageOrigin] = {}

    def has_definition(self, container: Created) -> bool:
        """Whether it is known what definition a container was created from."""
        origin = self._stored.containers.get(container.inspect["Id"])
        return origin is not None and origin.definition is not None

    def edited_keys(self, container: Created, fingerprint: Fingerprint) -> frozenset[str] | None:
        """Keys that were edited since the container last matched the files; None: not recorded."""
        origin = self._stored.containers.get(container.inspect["Id"])
        if origin is None or origin.definition is None or origin.key_id != fingerprint.key_id:
            return None
        return frozenset(differing(origin.definition, _definition_keys(fingerprint)))

    def files_at_start(
        self, container: Created, fingerprint: Fingerprint, now: Digests
    ) -> Digests | None:
        """The digests of its mounted files when the container started; None: not recorded."""
        origin = self._stored.containers.get(container.inspect["Id"])
        is_known = origin is not None and origin.started_at == _started_at(container)
        if not (is_known and origin and origin.files is not None and fingerprint.key_id):
            return None
        if origin.key_id != fingerprint.key_id:
            return None
        return carried(origin.files, now, fingerprint.inputs().legacy_digests)

    def build(self, name: str, fingerprint: Fingerprint) -> ImageOrigin | None:
        """What an image was built from, and when; None: not recorded."""
        origin = self._stored.images.get(name)
        if origin is None or origin.key_id != fingerprint.key_id:
            return None
        now = build_inputs(fingerprint)
        inputs = carried(origin.inputs, now, fingerprint.inputs().legacy_digests)
        return replace(origin, inputs=inputs)

    def add_build(self, name: str, fingerprint: Fingerprint, time: float) -> None:
        """Remember that an image, last built or tagged then, was built from the present files."""
        now = build_inputs(fingerprint)
        self._images[name] = ImageOrigin(key_id=fingerprint.key_id, inputs=now, time=time)

    def add_definition(self, container: Created, fingerprint: Fingerprint) -> None:
        """Remember that a container was created from the definition as it is."""
        self._add(container, fingerprint, definition=_definition_keys(fingerprint))

    def add_files(self, container: Created, fingerprint: Fingerprint, files: Digests) -> None:
        """Remember that a container started with these mounted files."""
        self._add(container, fingerprint, files=files)

    def keep(self, containers: Collection[str]) -> None:
        """Store what is known of these containers, and of images.

        Others are forgotten, but only by a look that sees one that is stored: with another
        engine or project name, or without an engine, all of them seem to be gone.
        """
        listed = {n: item for n, item in self._stored.containers.items() if n in containers}
        stored = listed or self._stored.containers
        images = dict(list(self._stored.images.items())[-_MOST_IMAGES:])
        after = Origins(
            containers={**stored, **self._containers}, images={**images, **self._images}
        )
        if after != self._stored:
            self._host.keep_origins(after)

    # Private

    def _add(
        self,
        container: Created,
        fingerprint: Fingerprint,
        *,
        files: Digests | None = None,
        definition: Digests | None = None,
    ) -> None:
        if not fingerprint.key_id:
            return
        id_, started = container.inspect["Id"], _started_at(container)
        origin = self._containers.get(id_) or self._stored.containers.get(id_)
        if origin is not None and origin.key_id != fingerprint.key_id:
            origin = None
        if files is None and origin is not None and origin.started_at == started:
            files = origin.files
        if definition is None and origin is not None:
            definition = origin.definition
        self._containers[id_] = ContainerOrigin(
            started_at=started, key_id=fingerprint.key_id, files=files, definition=definition
        )


def build_inputs(fingerprint: Fingerprint) -> Digests:
    """The digests of the files and arguments that the service's image is built from."""
    inputs = dict(fingerprint.detail.get("build", {}))
    arguments = fingerprint.detail.get("stanza", {}).get("build")
    return inputs | ({ARGUMENTS: arguments} if arguments else {})


# Private


def _started_at(container: Created) -> str:
    return str(container.inspect["State"]["StartedAt"])


def _definition_keys(fingerprint: Fingerprint) -> Digests:
    """The digests of the definition's keys, without those that are compared elsewhere."""
    rows = fingerprint.detail.get("stanza", {})
    return {
        key: digest
        for key, digest in rows.items()
        # Networks, volumes and the like have a dot; a route is configuration of the front door.
        if "." not in key and key != "build" and not key.startswith(ROUTE)
    }
