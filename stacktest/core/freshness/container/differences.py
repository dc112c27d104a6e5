"""Finds the keys of a service definition that differ from its container's `docker inspect`.

    difference   meaning                                             example
    ----------   -------------------------------------------------   ------------------------------
    certain      only another definition can be the cause            `user`, `mem_limit`, `ports`
    possible     the engine, its kernel or its settings can be       `logging` or `runtime` that
                 the cause, too                                      no file sets, swap limits
    unseen       no engine shows whether the container has it        `post_start`, `provider`

A default that Compose or the engine writes out is equal to a key that is not set: `restart: "no"`,
`scale: 1`, long and short forms, units, the order of sets. Defaults of the image are read from the
image that the container runs.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from stacktest.core.freshness.container import (
    devices,
    mounts,
    network,
    other_containers,
    process,
    resources,
)
from stacktest.core.freshness.container.row import Created
from stacktest.core.json_data import Json

ROWS = (
    *process.ROWS,
    *network.ROWS,
    *other_containers.ROWS,
    *mounts.ROWS,
    *resources.ROWS,
    *devices.ROWS,
)

COVERED_ELSEWHERE = frozenset(
    (
        # Below `deploy`, all but limits and restart policy is for orchestrators.
        *("attach", "build", "configs", "deploy", "depends_on", "develop", "env_file"),
        "external_links",
        *("environment", "extends", "image", "label_file", "profiles", "pull_policy"),
        *("pull_refresh_after", "scale", "secrets", "volumes"),
    )
)
"""Keys without an effect on a container, or that another comparison covers."""

CHANGEABLE = frozenset(
    (
        *("cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset", "ipc", "mem_limit"),
        *("blkio_config", "cpu_rt_period", "cpu_rt_runtime", "mem_reservation", "memswap_limit"),
        *("container_name", "network_mode", "networks", "pid", "pids_limit", "restart"),
    )
)
"""Keys that can differ with the same definition, by `docker update` or `docker rename`."""

COPIED = frozenset(
    (
        *("cap_add", "cap_drop", "command", "devices", "dns", "entrypoint", "extra_hosts"),
        *("healthcheck", "labels", "ports", "privileged", "read_only", "sysctls", "tmpfs"),
        *("user", "working_dir"),
    )
)
"""Keys that differ with the same hash if a program recreated the container with its labels.

Updaters keep what the old image set, and in Portainer people edit the settings. Engines store these
keys exactly as Compose sends them.
"""


_HIDDEN_PARTS: Mapping[str, frozenset[str]] = {
    "configs": frozenset(("uid", "gid", "mode")),
    "secrets": frozenset(("uid", "gid", "mode")),
    "networks": frozenset(("priority", "gw_priority", "interface_name")),
    "volumes": frozenset(("selinux", "recursive")),
    # The engine shows the content of a profile, not its file.
    "security_opt": frozenset(("seccomp",)),
}
"""Key → settings below it that no engine shows."""

_PARTLY_SHOWN = frozenset(("cgroup", "ipc", "links", "network_mode", "runtime", "volumes_from"))
"""Keys whose value the engine may choose, or of which Compose may send it only a part."""

SHOWN = frozenset(row.key for row in ROWS) - _PARTLY_SHOWN - frozenset(_HIDDEN_PARTS) | {
    *("build", "deploy", "image", "scale")
}
"""Keys that the engine shows completely, so that edits of them need not be recorded."""


class Differences(Struct, frozen=True, kw_only=True):
    """Keys of the definition that differ, by certainty."""

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


def differences(container: Created) -> Differences:
    """Every key in which the container differs from its definition."""
    verdicts = [(row.verdict(container), row.key) for row in ROWS]
    return Differences(
        certain=frozenset(key for verdict, key in verdicts if verdict == "certain"),
        possible=frozenset(key for verdict, key in verdicts if verdict == "possible"),
        unseen=frozenset(key for verdict, key in verdicts if verdict == "unseen")
        | frozenset(key for key, value in container.definition.items() if _is_unseen(key, value)),
    )


# Private


def _is_unseen(key: str, value: Json) -> bool:
    if value in (None, {}, [], "") or key.startswith("x-"):
        return False
    if key in _HIDDEN_PARTS:
        return any(_HIDDEN_PARTS[key] & _words(item) for item in _items(value))
    return key not in _ROW_KEYS and key not in COVERED_ELSEWHERE


def _items(value: Json) -> Iterable[Json]:
    return value.values() if isinstance(value, dict) else value


def _words(item: Json) -> set[str]:
    """Names of an entry's settings, down to one level below; of a string, the part before `=`."""
    if not isinstance(item, dict):
        return {str(item).replace(":", "=", 1).partition("=")[0]} if item else set()
    return {str(name) for part in (item, *item.values()) if isinstance(part, dict) for name in part}


_ROW_KEYS = frozenset(row.key for row in ROWS)
