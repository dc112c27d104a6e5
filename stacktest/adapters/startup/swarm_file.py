"""Generates the file for `docker stack deploy` from the compose model.

Services get no tasks yet: they are started one by one, in the order of the plan. Their images are
named by id, so that every task runs the image that this machine has by that name, or is rejected.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stacktest.adapters.engine.labels import RUN, STANZA
from stacktest.adapters.engine.swarm.slots import IMAGE, REPLICAS
from stacktest.adapters.engine.swarm.spec import DEPLOYED
from stacktest.adapters.startup.swarm_keys import PASSED
from stacktest.core.fingerprint.digest import digest
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.shared_network import network_mode

VERSION = "3.9"
"""The newest version of the format that the client of the oldest tested engine supports."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - in a container
LONGEST_NAME = 32
"""Characters of a config's name before its unique suffix: a swarm allows 64 in all."""
OWN_NETWORK = "stacktest_only_"
"""Prefix of the network of a service with `network_mode: none`; the service's name follows."""
HOST_NETWORK = "stacktest_host"
HOST: Json = {"external": True, "name": "host"}
_RESTARTS = {"always": "any", "unless-stopped": "any", "on-failure": "on-failure", "no": "none"}


def stack_file(
    stack: Stack, services: Iterable[str], override: Json, images: Mapping[str, str]
) -> Json:
    """The document for these services; `images`: service → id, `override` has the labels."""
    names = sorted(services)
    rows = {name: _deployed(stack, name, override, images.get(name, "")) for name in names}
    used = {key for name in names for key in stack.services[name].networks}
    volumes = {
        mount.source
        for name in names
        for mount in stack.services[name].mounts
        if mount.kind == "volume" and mount.source
    }
    labels = override.get("networks") or {}
    document = {
        "version": VERSION,
        "services": rows,
        "networks": {
            **{
                key: _network(stack, key, (labels.get(key) or {}).get("labels") or {})
                for key in sorted(used)
            },
            **_own_networks(stack, names, override),
        },
        "volumes": {
            key: (stack.definitions.get("volumes") or {}).get(key) or {} for key in sorted(volumes)
        },
    }
    return {name: section for name, section in document.items() if section}


def own_labels(labels: Json) -> Json:
    """The labels of a service that its networks and files get, too: of the run and the stack."""
    return {name: text for name, text in labels.items() if name != STANZA}


def image_tag(stack: Stack, name: str, override: Json) -> str:
    """The reference of a service's image: from the override, else from the files."""
    named = (override["services"].get(name) or {}).get("image")
    return str(named or stack.services[name].image or f"{stack.name}-{name}")


def deployed_digest(service: Service) -> str:
    """Digest of a service's deployed definition, without its image and start order."""
    groups = groups_of(service)
    return digest([_definition(service), groups] if groups else _definition(service))


def groups_of(service: Service) -> Sequence[str]:
    """The additional groups of a service's programs (`group_add`)."""
    return [str(group) for group in (service.definition or {}).get("group_add") or ()]


def add_files(document: Json, stack: Stack, contents: Mapping[str, Path], labels: Json) -> None:
    """Add `configs:` and `secrets:` from files, under unique names, since none can be changed."""
    unique = f"{labels[RUN]}-{secrets.token_hex(3)}"
    for section in ("configs", "secrets"):
        rows = {}
        for key in sorted(_sources(document["services"].values(), section)):
            definition = (stack.definitions.get(section) or {}).get(key) or {}
            if definition.get("external"):
                rows[key] = {"external": True, "name": definition.get("name") or key}
                continue
            name = f"{stack.name}_{key}"[:LONGEST_NAME] + f"_{unique}"
            path = str(contents[f"{section}.{key}"])
            rows[key] = {"file": path, "name": name, "labels": labels}
        if rows:
            document[section] = rows


# Private


def _deployed(stack: Stack, name: str, override: Json, image: str) -> Json:
    service = stack.services[name]
    document = _definition(service)
    deploy = document["deploy"]
    added = (override["services"].get(name) or {}).get("labels") or {}
    deploy["labels"] = {
        **(deploy.get("labels") or {}),
        **added,
        IMAGE: image_tag(stack, name, override),
        REPLICAS: str(deploy.get("replicas", 1)),
        DEPLOYED: deployed_digest(service),
    }
    deploy["replicas"] = 0
    document["image"] = image
    return document


def _definition(service: Service) -> Json:
    """The service's definition for a swarm, without image and labels."""
    source = service.definition or {}
    document = {key: source[key] for key in PASSED if source.get(key)}
    document |= _program(source)
    environment = {key: value for key, value in service.environment.items() if value is not None}
    if environment:
        document["environment"] = environment
    if volumes := [*map(_volume, source.get("volumes") or ()), *_shared_memory(source)]:
        document["volumes"] = volumes
    document["networks"] = _networks(service, source)
    deploy = _deploy(service, source)
    if ports := [_port(port, deploy["endpoint_mode"]) for port in source.get("ports") or ()]:
        document["ports"] = ports
    document["deploy"] = deploy
    return document


def _program(source: Json) -> Json:
    """Entrypoint and command; a swarm ignores an empty entrypoint, so the command replaces it."""
    entrypoint, command = source.get("entrypoint"), source.get("command")
    if entrypoint == [] and command:
        return {"entrypoint": command[:1], "command": command[1:]}
    rows = {"entrypoint": entrypoint, "command": command}
    return {key: words for key, words in rows.items() if words}


def _deploy(service: Service, source: Json) -> Json:
    deploy = {key: value for key, value in (source.get("deploy") or {}).items() if value}
    deploy.setdefault("endpoint_mode", "dnsrr")
    deploy.setdefault("replicas", source.get("scale", 1))
    deploy.setdefault("restart_policy", _restart_policy(service.restart))
    limits = {"memory": "mem_limit", "cpus": "cpus", "pids": "pids_limit"}
    resources = dict(deploy.get("resources") or {})
    for section, keys in (("limits", limits), ("reservations", {"memory": "mem_reservation"})):
        values = {name: source[key] for name, key in keys.items() if source.get(key)}
        if values or resources.get(section):
            resources[section] = _limits({**(resources.get(section) or {}), **values})
    if resources:
        deploy["resources"] = resources
    return deploy


def _limits(values: Json) -> Json:
    # The format requires texts for numbers of processors and of bytes.
    return {key: value if key == "pids" else str(value) for key, value in values.items()}


def _restart_policy(restart: str) -> Json:
    name, _, attempts = restart.partition(":")
    policy: dict[str, Json] = {"condition": _RESTARTS.get(name or "no", "any")}
    return {**policy, "max_attempts": int(attempts)} if attempts.isdigit() else policy


def _volume(volume: Json) -> Json:
    known = {key: volume[key] for key in ("type", "source", "target", "read_only") if key in volume}
    if propagation := (volume.get("bind") or {}).get("propagation"):
        known["bind"] = {"propagation": propagation}
    if (volume.get("volume") or {}).get("nocopy"):
        known["volume"] = {"nocopy": True}
    if size := (volume.get("tmpfs") or {}).get("size"):
        known["tmpfs"] = {"size": int(size)}
    return known


def _shared_memory(source: Json) -> list[Json]:
    if not (size := source.get("shm_size")):
        return []
    return [{"type": "tmpfs", "target": SHARED_MEMORY, "tmpfs": {"size": int(size)}}]


def _port(port: Json, endpoint_mode: str) -> Json:
    row = {"target": int(port["target"]), "protocol": port.get("protocol", "tcp")}
    row["mode"] = "host" if endpoint_mode == "dnsrr" else port.get("mode", "ingress")
    published = str(port.get("published") or "")
    return {**row, "published": int(published)} if published.isdigit() else row


def _networks(service: Service, source: Json) -> Json:
    extra = [service.container_name] if service.container_name else []
    networks = source.get("networks") or {}
    aliases = {
        key: [*((networks.get(key) or {}).get("aliases") or ()), *extra] for key in service.networks
    }
    rows: Json = {key: {"aliases": names} if names else {} for key, names in aliases.items()}
    own = {"host": HOST_NETWORK, "none": OWN_NETWORK + service.name}.get(network_mode(service))
    return {**rows, own: {}} if own else rows


def _own_networks(stack: Stack, names: Iterable[str], override: Json) -> Json:
    """The networks that replace `network_mode`: `host`: the node's; `none`: one for it alone."""
    modes = {name: network_mode(stack.services[name]) for name in names}
    rows: Json = {
        OWN_NETWORK + name: {
            "driver": "overlay",
            "internal": True,
            "labels": own_labels(override["services"][name]["labels"]),
        }
        for name, mode in modes.items()
        if mode == "none"
    }
    return {**rows, HOST_NETWORK: HOST} if "host" in modes.values() else rows


def _network(stack: Stack, key: str, labels: Json) -> Json:
    definition = (stack.definitions.get("networks") or {}).get(key) or {}
    name = str(definition.get("name") or f"{stack.name}_{key}")
    if definition.get("external"):
        return {"external": True, "name": name}
    row: dict[str, Json] = {"name": name, "driver": "overlay", "attachable": True}
    if definition.get("internal"):
        row["internal"] = True
    subnets = [
        {"subnet": entry["subnet"]}
        for entry in (definition.get("ipam") or {}).get("config") or ()
        if entry.get("subnet")
    ]
    if subnets:
        row["ipam"] = {"config": subnets}
    return {**row, "labels": {**(definition.get("labels") or {}), **labels}}


def _sources(services: Iterable[Json], section: str) -> set[str]:
    return {
        str(entry["source"] if isinstance(entry, dict) else entry)
        for service in services
        for entry in service.get(section) or ()
    }
