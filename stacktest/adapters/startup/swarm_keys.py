"""How each key of a compose file is handled on a swarm; the documentation shows these tables.

`docker stack deploy` refuses some keys of Compose and ignores others without a message. Each key is
listed here: passed on, translated, not applied (the service runs without it), or impossible (the
service could not work, and is not started).
"""

from collections.abc import Iterator, Mapping

from stacktest.core.json_data import Json
from stacktest.core.model import Service

PASSED = (
    "cap_add",
    "cap_drop",
    "configs",
    "dns",
    "dns_search",
    "extra_hosts",
    "healthcheck",
    "hostname",
    "init",
    "labels",
    "logging",
    "read_only",
    "secrets",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
)
TRANSLATED: Mapping[str, str] = {
    "build": "built on this machine, deployed by the image's id",
    "command": "as it is",
    "container_name": "another name of the service on its networks",
    "cpus": "deploy.resources.limits.cpus",
    "depends_on": "stacktest's own plan: order and conditions",
    "deploy": "as it is, with the labels of the run",
    "dns_opt": "left out: Swarm has its own options",
    "entrypoint": "as it is; an empty one is the first word of the command",
    "environment": "as it is, without variables that nothing sets",
    "expose": "left out: networks of a swarm close no ports",
    "group_add": "groups of the service, given to it after `docker stack deploy`",
    "image": "the id of the image that this machine has under that name",
    "mem_limit": "deploy.resources.limits.memory",
    "mem_reservation": "deploy.resources.reservations.memory",
    "network_mode": "`host`: the node's; `none`: an overlay that leads nowhere; no other",
    "networks": "overlay networks to which a probe can be attached",
    "pids_limit": "deploy.resources.limits.pids",
    "ports": "mode `host`: the port of the task's own node, on all of its addresses",
    "profiles": "stacktest's own plan",
    "pull_policy": "left out: the image is there before the service is",
    "restart": "deploy.restart_policy; none where the file has neither",
    "scale": "deploy.replicas",
    "shm_size": "a tmpfs of that size at /dev/shm",
    "volumes": "as they are; a folder of this machine has to exist on the task's node",
}
NOT_APPLIED: Mapping[str, str] = {
    "annotations": "",
    "attach": "",
    "blkio_config": "",
    "cgroup": "",
    "cgroup_parent": "",
    "cpu_count": "",
    "cpu_percent": "",
    "cpu_period": "",
    "cpu_quota": "",
    "cpu_shares": "",
    "cpuset": "",
    "develop": "",
    "domainname": "",
    "isolation": "",
    "label_file": "",
    "mac_address": "",
    "mem_swappiness": "",
    "memswap_limit": "",
    "oom_kill_disable": "",
    "oom_score_adj": "",
    "platform": "",
    "security_opt": "programs may gain rights that the file denies them",
    "storage_opt": "",
    "userns_mode": "",
}
"""Key → the consequence of leaving it out, if there is more than the lack of the setting."""
IMPOSSIBLE: Mapping[str, str] = {
    "device_cgroup_rules": "a swarm gives no rights on devices",
    "devices": "a swarm gives no devices",
    "external_links": "a swarm has no links",
    "gpus": "a swarm gives no devices by this key",
    "ipc": "a task shares nothing with other containers",
    "links": "a swarm has no links; name the service itself",
    "pid": "a task shares nothing with other containers",
    "post_start": "a swarm runs no hooks",
    "pre_stop": "a swarm runs no hooks",
    "privileged": "a task has no such rights",
    "provider": "only Compose knows providers",
    "runtime": "the node alone chooses the runtime",
    "uts": "a task shares nothing with other containers",
    "volumes_from": "a task shares nothing with other containers",
}


def not_applied(service: Service) -> Iterator[tuple[str, str]]:
    """Keys of a service that have no effect on a swarm, each with the consequence, or empty."""
    definition = service.definition or {}
    for key in sorted(definition):
        if _is_set(definition[key]) and (key in NOT_APPLIED or not _is_known(key)):
            yield key, NOT_APPLIED.get(key, "")
    for port in definition.get("ports") or ():
        if port.get("host_ip"):
            address = f"{port['host_ip']}:{port.get('published', '')}"
            yield f"ports {address}", "the port is open on every address of the node"


def impossible(service: Service) -> Iterator[tuple[str, str]]:
    """Keys that a swarm lacks and without which the service could not work, with the reason."""
    definition = service.definition or {}
    for key, why in IMPOSSIBLE.items():
        if _is_set(definition.get(key)):
            yield key, why
    if definition.get("network_mode") not in (None, "", "host", "none"):
        yield "network_mode", "a task shares no network with other containers"
    if (definition.get("deploy") or {}).get("mode", "replicated") != "replicated":
        yield "deploy.mode", "stacktest follows replicated services only"


# Private


def _is_known(key: str) -> bool:
    return key in PASSED or key in TRANSLATED or key in IMPOSSIBLE


def _is_set(value: Json) -> bool:
    return value not in (None, False, [], {}, "")
