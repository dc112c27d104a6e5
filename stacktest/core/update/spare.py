"""A spare: a container that is never started and stores the configuration of another one.

The `docker inspect` data of the old container is stored in two places: variables and command in the
spare's own configuration, and settings that the spare must not have itself (compose labels,
networks, ports, restart policy) in one label. From the spare alone the old container can be made
again, even after a crash. It also keeps the old image and the old volumes in use, so that `prune`
does not remove them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from stacktest.core.json_data import Json

REMEMBERED = "stacktest.remembered"
"""The label with the settings that the spare must not have itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recreation:
    """The request to the engine that makes a container again."""

    name: str
    body: Json = field(repr=False)
    networks: Mapping[str, Json] = field(default_factory=dict, repr=False)
    """Further network → the settings to connect the container to it."""


def spare_body(inspect: Json, labels: Mapping[str, str]) -> Json:
    """The request to create the spare of a container; `labels` mark it as stacktest's."""
    config, host = inspect["Config"], inspect["HostConfig"]
    remembered = {
        "name": inspect["Name"].lstrip("/"),
        "labels": config.get("Labels") or {},
        "host": {**host, "Mounts": _mounts(inspect)},
        "networks": _endpoints(inspect),
        "hostname": "" if _is_own_hostname(inspect) else config.get("Hostname", ""),
        "image": config["Image"],
    }
    own = {name: value for name, value in config.items() if name not in {"Hostname", "Labels"}}
    return {
        **own,
        "Image": inspect["Image"],
        "Labels": {**labels, REMEMBERED: json.dumps(remembered, sort_keys=True)},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [
                {"Type": "volume", "Source": mount["Name"], "Target": mount["Destination"]}
                for mount in inspect.get("Mounts") or ()
                if mount.get("Type") == "volume"
            ],
        },
    }


def recreation(spare: Json, *, image: str, ids: Mapping[str, str]) -> Recreation:
    """The request to make the old container again, from the inspected spare.

    `image` is the reference of its image; `ids` are old ids of containers → new ids, for
    containers that share their network or their volumes.
    """
    config = spare["Config"]
    remembered = _remembered(spare)
    host = _following(remembered["host"], ids)
    first, others = _first_network(host, remembered["networks"])
    own = {name: value for name, value in config.items() if name not in {"Hostname", "Labels"}}
    body = {
        **own,
        "Image": image,
        "Labels": remembered["labels"],
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": first},
    }
    if remembered["hostname"]:
        body["Hostname"] = remembered["hostname"]
    return Recreation(name=remembered["name"], body=body, networks=others)


def remembered_image(spare: Json) -> str:
    """The image reference that the old container was created with."""
    return str(_remembered(spare)["image"])


def remembered_labels(spare: Json) -> Mapping[str, str]:
    """The labels that the old container had."""
    return dict(_remembered(spare)["labels"])


# Private

_SHORT = 12
_SHARED = ("NetworkMode", "PidMode", "IpcMode")
_OF_THE_ENDPOINT = ("IPAMConfig", "Links", "DriverOpts")


def _remembered(spare: Json) -> Json:
    return json.loads(spare["Config"]["Labels"][REMEMBERED])


def _is_own_hostname(inspect: Json) -> bool:
    """Whether the host name is the engine's default, the beginning of the id."""
    return bool(inspect["Config"].get("Hostname", "") == inspect["Id"][:_SHORT])


def _mounts(inspect: Json) -> list[Json]:
    """The requested mounts, with anonymous volumes by the name that the engine gave them."""
    host = inspect["HostConfig"]
    asked = {mount["Target"]: dict(mount) for mount in host.get("Mounts") or ()}
    bound = {bind.split(":")[1] for bind in host.get("Binds") or () if ":" in bind}
    for mount in inspect.get("Mounts") or ():
        target = mount["Destination"]
        if mount.get("Type") != "volume" or target in bound:
            continue
        known = asked.setdefault(target, {"Type": "volume", "Target": target})
        known.setdefault("Source", mount["Name"])
    return list(asked.values())


def _endpoints(inspect: Json) -> dict[str, Json]:
    """Settings of the container's networks, without values that the engine chose at its start."""
    endpoints = {}
    for name, network in (inspect["NetworkSettings"].get("Networks") or {}).items():
        endpoint = {key: network[key] for key in _OF_THE_ENDPOINT if network.get(key)}
        aliases = [a for a in network.get("Aliases") or () if a != inspect["Id"][:_SHORT]]
        endpoints[name] = {**endpoint, "Aliases": aliases}
    return endpoints


def _first_network(
    host: Json, networks: Mapping[str, Json]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """The network for creating the container, and those to connect it to afterwards."""
    mode = host.get("NetworkMode", "")
    if mode in {"none", "host"} or mode.startswith("container:"):
        return {}, {}
    first = mode if mode in networks else next(iter(networks), "")
    return (
        {name: value for name, value in networks.items() if name == first},
        {name: value for name, value in networks.items() if name != first},
    )


def _following(host: Json, ids: Mapping[str, str]) -> Json:
    """The host configuration with references to containers replaced by their new ids."""
    changed = dict(host)
    for key in _SHARED:
        kind, _, container = str(host.get(key) or "").partition(":")
        if kind == "container" and container in ids:
            changed[key] = f"container:{ids[container]}"
    if host.get("VolumesFrom"):
        changed["VolumesFrom"] = [_renamed(entry, ids) for entry in host["VolumesFrom"]]
    return changed


def _renamed(entry: str, ids: Mapping[str, str]) -> str:
    container, colon, mode = entry.partition(":")
    return f"{ids.get(container, container)}{colon}{mode}"
