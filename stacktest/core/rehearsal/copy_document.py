"""The compose document of a copy: the same services, isolated from the running stack.

in the stack                          in the copy
project name                          a name of its own
container_name, ports, restart        removed: they belong to the running stack
labels                                removed but stacktest's own: proxies and updaters read them
networks                              own internal networks, with new addresses
volumes                               own volumes, with copied data or empty
writable bind mounts                  own volumes (folders) or own copies (files)
images                                pinned by id, nothing is built or pulled
logging to other machines             removed: the engine sends it, even on internal networks
name servers                          none: only names of the copy are resolved
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy

from msgspec import Struct

from stacktest.core.denied_egress import NO_NAME_SERVER
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.rehearsal.settings import CopySettings


class DataCopy(Struct, frozen=True, kw_only=True):
    """A volume of the copy, and the source of its data."""

    volume: str
    """The engine's name of the volume."""
    source: str
    """The engine's name of a volume, or a folder of the host; it need not exist."""
    services: tuple[str, ...]
    """Services of the copy that mount it."""


class FileCopy(Struct, frozen=True, kw_only=True):
    """A single file that a service may write, and the path of the copy's own file."""

    source: str
    target: str
    services: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CopyDocument:
    """The compose document of a copy, and the data and files to create before it starts."""

    document: Json = dataclasses.field(repr=False)
    """The resolved compose document; it contains the values of the stack's environment."""
    data: tuple[DataCopy, ...]
    files: tuple[FileCopy, ...]


def copy_name(stack: Stack, settings: CopySettings) -> str:
    """The name of the compose project of a copy."""
    return f"{stack.name}-rehearsal-{settings.id}"


def copy_document(
    stack: Stack,
    settings: CopySettings,
    *,
    images: Mapping[str, str],
    is_file: Callable[[str], bool],
    folder: str,
) -> CopyDocument:
    """The document of a copy of `stack`.

    `images` are ids by service; `is_file` tells whether a path of the host is a single file; its
    copy is placed below `folder`.
    """
    return _Copying(stack, settings, images, is_file, folder).whole()


# Private

_LOCAL_LOGGING = frozenset({"json-file", "local", "none", "journald"})
_OWN_ADDRESSES = ("ipv4_address", "ipv6_address", "link_local_ips", "mac_address")
_OF_THE_RUNNING = ("build", "container_name", "develop", "external_links", "mac_address", "ports")


class _Copying:
    def __init__(
        self,
        stack: Stack,
        settings: CopySettings,
        images: Mapping[str, str],
        is_file: Callable[[str], bool],
        folder: str,
    ) -> None:
        self._stack, self._settings, self._images = stack, settings, images
        self._is_file, self._folder = is_file, folder
        self._name = copy_name(stack, settings)
        self._services = {
            name: service
            for name, service in stack.services.items()
            if service.definition is not None and name not in settings.left_out
        }
        self._keys: dict[str, str] = {}
        """Source of a bind mount → the key of the copy's volume, or the path of the copy's file."""
        self._users: dict[str, list[str]] = {}
        """Volume key or path of a file → services that mount it."""

    def whole(self) -> CopyDocument:
        self._give_keys()
        services = {name: self._service(name) for name in self._services}
        volumes = {key: f"{self._name}_{key}" for key in self._users if not key.startswith("/")}
        sources = {key: source for source, key in self._keys.items()}
        data = tuple(
            DataCopy(
                volume=name,
                source=sources.get(key) or self._volume(key),
                services=tuple(self._users[key]),
            )
            for key, name in volumes.items()
        )
        files = tuple(
            FileCopy(source=sources[path], target=path, services=tuple(users))
            for path, users in self._users.items()
            if path.startswith("/")
        )
        definitions = deepcopy(dict(self._stack.definitions))
        definitions["networks"] = self._networks()
        definitions["volumes"] = {
            key: {"name": name, "external": True} for key, name in volumes.items()
        }
        document = {"name": self._name, "services": services, **definitions}
        return CopyDocument(document=document, data=data, files=files)

    def _give_keys(self) -> None:
        """Assigns an own volume or file to every bind mount that a service may write."""
        written = [
            mount.source
            for service in self._services.values()
            for mount in service.mounts
            if mount.kind == "bind" and not mount.read_only
        ]
        for number, source in enumerate(dict.fromkeys(written)):
            leaf = source.rstrip("/").rpartition("/")[2]
            is_file = self._is_file(source)
            own = f"{self._folder}/{number}-{leaf}" if is_file else f"stacktest-folder-{number}"
            self._keys[source] = own

    def _service(self, name: str) -> Json:
        definition: dict[str, Json] = deepcopy(self._services[name].definition)
        for key in _OF_THE_RUNNING:
            definition.pop(key, None)
        definition["image"] = self._images[name]
        definition["pull_policy"] = "never"
        definition["restart"] = "no"
        # The engine resolves the copy's own names; there is no server for other names. In another
        # service's network that service's `dns` applies, and the engine refuses a second one.
        if not str(definition.get("network_mode") or "").startswith("service:"):
            definition |= NO_NAME_SERVER
        (definition.get("deploy") or {}).pop("restart_policy", None)
        labels = definition.pop("labels", None) or {}
        own = {key: value for key, value in labels.items() if key.startswith("stacktest.")}
        if own:
            definition["labels"] = own
        if (definition.get("logging") or {}).get("driver", "json-file") not in _LOCAL_LOGGING:
            del definition["logging"]
        for endpoint in (definition.get("networks") or {}).values():
            for key in _OWN_ADDRESSES:
                (endpoint or {}).pop(key, None)
        if needs := definition.get("depends_on"):
            definition["depends_on"] = {
                other: entry for other, entry in needs.items() if other in self._services
            }
        if mounts := definition.get("volumes"):
            definition["volumes"] = [self._mount(name, mount) for mount in mounts]
        return definition

    def _mount(self, service: str, mount: Json) -> Json:
        kind, source = mount.get("type"), mount.get("source", "")
        if kind == "volume" and source:
            self._use(source, service)
            return mount
        key = self._keys.get(source) if kind == "bind" else None
        if key is None:
            return mount
        self._use(key, service)
        if key.startswith("/"):
            return {**mount, "source": key}
        kept = {name: mount[name] for name in ("target", "read_only") if name in mount}
        return {"type": "volume", "source": key, "volume": {"nocopy": True}, **kept}

    def _use(self, key: str, service: str) -> None:
        users = self._users.setdefault(key, [])
        if service not in users:
            users.append(service)

    def _volume(self, key: str) -> str:
        definition = (self._stack.definitions.get("volumes") or {}).get(key) or {}
        return str(definition.get("name") or f"{self._stack.name}_{key}")

    def _networks(self) -> dict[str, Json]:
        return {
            key: {"name": f"{self._name}_{key}", "driver": "bridge", "internal": True}
            for key in self._network_keys()
        }

    def _network_keys(self) -> Iterator[str]:
        used = {key for service in self._services.values() for key in service.networks}
        yield from sorted(used)
