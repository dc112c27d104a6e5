"""Limits, rights, variables and ports of a container, from the engine's inspect document.

Values of variables are masked: they can be compared, and no assertion or log can show them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from stacktest.core import timestamps
from stacktest.core.json_data import Json
from stacktest.core.model import Port

CPU_SECOND = 1e9
"""The engine counts processors in billionths."""
MASK = "***"


class Masked:
    """A value that can be compared with a text and is never shown."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Masked):
            return self._value == other._value
        return self._value == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


class Limits(Struct, frozen=True, kw_only=True):
    """Limits that the engine was asked to set; None where there is no limit."""

    cpus: float | None = None
    memory: int | None = None
    """Bytes."""
    memory_reservation: int | None = None
    pids: int | None = None
    cpuset: str = ""


class Capabilities(Struct, frozen=True, kw_only=True):
    """Capabilities added to and dropped from the engine's default set, without `CAP_`, sorted."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    privileged: bool = False
    no_new_privileges: bool = False


class LogConfig(Struct, frozen=True, kw_only=True):
    """The logging driver and its options."""

    driver: str
    options: Mapping[str, str] = field(default_factory=dict)


def limits(document: Json) -> Limits:
    """The limits of a container."""
    host = document["HostConfig"]
    return Limits(
        cpus=_cpus(host),
        memory=host.get("Memory") or None,
        memory_reservation=host.get("MemoryReservation") or None,
        pids=pids if (pids := host.get("PidsLimit") or 0) > 0 else None,
        cpuset=host.get("CpusetCpus") or "",
    )


def capabilities(document: Json) -> Capabilities:
    """The capabilities that were added and dropped."""
    host = document["HostConfig"]
    options = [str(option) for option in host.get("SecurityOpt") or ()]
    return Capabilities(
        added=_capability_names(host.get("CapAdd")),
        dropped=_capability_names(host.get("CapDrop")),
        privileged=bool(host.get("Privileged")),
        no_new_privileges=any(
            option in {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}
            for option in options
        ),
    )


def log_config(document: Json) -> LogConfig:
    """The container's logging driver and its options."""
    config = document["HostConfig"].get("LogConfig") or {}
    return LogConfig(driver=config.get("Type", ""), options=dict(config.get("Config") or {}))


def environment(document: Json) -> Mapping[str, Masked]:
    """The container's environment variables, values masked."""
    rows = (str(row).partition("=") for row in document["Config"].get("Env") or ())
    return {name: Masked(value) for name, _, value in rows}


def ports(document: Json) -> tuple[Port, ...]:
    """Published ports, one for each address of this machine."""
    published = document["NetworkSettings"].get("Ports") or {}
    return tuple(
        Port(
            target=int(number),
            published=int(binding["HostPort"]),
            host_ip=binding.get("HostIp", ""),
            protocol=protocol,
        )
        for key, bindings in sorted(published.items())
        for number, _, protocol in [str(key).partition("/")]
        for binding in bindings or ()
    )


def networks(document: Json, known: Mapping[str, str]) -> tuple[str, ...]:
    """Names of its networks; `known` maps the engine's name to that in the compose file."""
    names = document["NetworkSettings"].get("Networks") or {}
    return tuple(sorted(known.get(name, name) for name in names))


def started(document: Json) -> dt.datetime | None:
    """When the container was last started; None: never."""
    text = str(document["State"].get("StartedAt") or "")
    # The engine writes the year 1 for "never".
    return None if not text or text.startswith("0001-") else timestamps.parse(text)


def without_values(document: Json) -> Json:
    """The document with the values of its variables masked."""
    config = document["Config"]
    rows = [f"{str(row).partition('=')[0]}={MASK}" for row in config.get("Env") or ()]
    return {**document, "Config": {**config, "Env": rows}}


def used_memory(stats: Json) -> int:
    """Bytes in use without the page cache that can be dropped, as `docker stats` shows them."""
    memory = stats["memory_stats"]
    details = memory.get("stats") or {}
    cache = details.get("inactive_file", details.get("total_inactive_file", 0))
    return int(max(memory["usage"] - cache, 0))


def used_cpus(stats: Json) -> float:
    """Processors in use between the two samples of the document: 0.5 is half of one."""
    now, before = stats["cpu_stats"], stats["precpu_stats"]
    spent = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    return float(spent / passed * now.get("online_cpus", 1)) if passed > 0 else 0.0


# Private


def _cpus(host: Json) -> float | None:
    if billionths := host.get("NanoCpus"):
        return float(billionths) / CPU_SECOND
    quota, period = host.get("CpuQuota") or 0, host.get("CpuPeriod") or 100_000
    return float(quota) / period if quota > 0 else None


def _capability_names(names: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted(str(name).upper().removeprefix("CAP_") for name in names or ()))
