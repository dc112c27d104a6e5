"""Compares the keys that the engine stores in `HostConfig`: limits, rights, DNS, logging."""

from stacktest.core.freshness.container.row import Created, Row, collection, scalar
from stacktest.core.freshness.container.values import (
    amount,
    as_list,
    capabilities,
    devices,
    flag,
    hosts,
    nano_cpus,
    options,
    restart_policy,
    security_options,
    texts,
    tmpfs_options,
    ulimits,
)
from stacktest.core.json_data import Json


def _swap(container: Created) -> tuple[Json, ...]:
    """Swap limits that the engine may set for a memory limit without a swap limit."""
    return (None, 0, -1, 2 * (container.host.get("Memory") or 0))


def _logging(container: Created) -> Json:
    logging = container.definition.get("logging") or {}
    # Without a driver the engine takes its own.
    driver = logging.get("driver") or (container.host.get("LogConfig") or {}).get("Type")
    return [driver, options(logging.get("options"))] if logging else None


def _actual_logging(container: Created) -> Json:
    log = container.host.get("LogConfig") or {}
    return [log.get("Type"), log.get("Config") or {}]


def _actual_restart(container: Created) -> Json:
    policy = container.host.get("RestartPolicy") or {}
    return [policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0]


LIMITS: tuple[Row, ...] = (
    scalar("mem_limit", "Memory", amount, 0, None, deploy=("limits", "memory")),
    scalar(
        *("mem_reservation", "MemoryReservation", amount, 0, None),
        deploy=("reservations", "memory"),
    ),
    scalar("mem_swappiness", "MemorySwappiness", amount, None, -1, firm=False),
    Row(
        key="memswap_limit",
        expected=lambda c: amount(c.definition.get("memswap_limit")),
        actual=lambda c: c.host.get("MemorySwap"),
        usual=_swap,
        firm=False,
        invents=False,
    ),
    scalar("shm_size", "ShmSize", amount, 67108864, 0, None, firm=False),
    scalar("cpus", "NanoCpus", nano_cpus, 0, None, deploy=("limits", "cpus")),
    scalar("pids_limit", "PidsLimit", amount, 0, -1, None, deploy=("limits", "pids")),
    scalar("cpu_shares", "CpuShares", amount, 0, None),
    scalar("cpu_period", "CpuPeriod", amount, 0, None),
    scalar("cpu_quota", "CpuQuota", amount, 0, None),
    scalar("cpu_rt_period", "CpuRealtimePeriod", amount, 0, None, firm=False, invents=False),
    scalar("cpu_rt_runtime", "CpuRealtimeRuntime", amount, 0, None, firm=False, invents=False),
    scalar("cpu_count", "CpuCount", amount, 0, None, firm=False),
    scalar("cpu_percent", "CpuPercent", amount, 0, None, firm=False),
    scalar("cpuset", "CpusetCpus", str, "", None),
    scalar("oom_kill_disable", "OomKillDisable", flag, None, 0, firm=False),
    scalar("oom_score_adj", "OomScoreAdj", amount, 0, None),
    collection("ulimits", "Ulimits", ulimits, firm=False),
)

RIGHTS: tuple[Row, ...] = (
    scalar("privileged", "Privileged", flag, 0, None),
    scalar("read_only", "ReadonlyRootfs", flag, 0, None),
    scalar("userns_mode", "UsernsMode", str, "", None),
    scalar("cgroup_parent", "CgroupParent", str, "", None),
    scalar("cgroup", "CgroupnsMode", str, "", "host", "private", None, firm=False),
    scalar("isolation", "Isolation", str, "", "default", None),
    scalar("runtime", "Runtime", str, "", "runc", "crun", None, firm=False),
    collection("cap_add", "CapAdd", capabilities),
    collection("cap_drop", "CapDrop", capabilities),
    collection("group_add", "GroupAdd", texts),
    collection("security_opt", "SecurityOpt", security_options),
    collection("device_cgroup_rules", "DeviceCgroupRules", texts),
    collection("devices", "Devices", devices),
)

SURROUNDINGS: tuple[Row, ...] = (
    # A daemon may be configured to give every container an init process.
    scalar("init", "Init", flag, None, 0, firm=False),
    scalar("volume_driver", "VolumeDriver", str, "", None),
    collection("dns", "Dns", as_list),
    collection("dns_search", "DnsSearch", as_list),
    collection("dns_opt", "DnsOptions", as_list),
    collection("extra_hosts", "ExtraHosts", hosts),
    collection("sysctls", "Sysctls", options),
    collection("storage_opt", "StorageOpt", options, firm=False),
    collection("tmpfs", "Tmpfs", tmpfs_options),
    Row(
        key="restart",
        expected=lambda c: restart_policy(c.definition),
        actual=_actual_restart,
        usual=lambda _: (["no", 0],),
    ),
    Row(
        key="logging",
        expected=_logging,
        actual=_actual_logging,
        usual=lambda _: (["json-file", {}], [None, {}], ["", {}]),
        firm=False,
    ),
)

ROWS = (*LIMITS, *RIGHTS, *SURROUNDINGS)
