"""Parses the engine's JSON documents into the core's types: containers, mounts, ports, events."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from stacktest.core.healthcheck_timing import INTERVAL, RETRIES, TIMEOUT
from stacktest.core.json_data import Json
from stacktest.core.model import Mount, Port
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.errors import ToolMissingError

T = TypeVar("T")

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


def listed_container(row: Json) -> Container:
    """The container of a row of the list; health and exit code are parsed from its status text."""
    labels = row.get("Labels") or {}
    status = row.get("Status") or ""
    health = _HEALTH.search(status)
    code = _EXITED.search(status)
    networks = (row.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=row["Id"],
        name=(row.get("Names") or ["/"])[0].lstrip("/"),
        service=labels.get(SERVICE, ""),
        project=labels.get(PROJECT, ""),
        image_id=row.get("ImageID", ""),
        image_ref=row.get("Image", ""),
        state=row.get("State", ""),
        health=health[1] if health else "",
        exit_code=int(code[1]) if code else None,
        networks=_addresses(networks),
        labels=labels,
        one_off=labels.get(_ONE_OFF) == "True",
        mounts=_mounts(row.get("Mounts") or ()),
        ports=_ports(row.get("Ports") or ()),
    )


def inspected_container(document: Json) -> Container:
    """The container of a document of `docker inspect`."""
    labels = document["Config"].get("Labels") or {}
    state = document["State"]
    health = state.get("Health") or {}
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        service=labels.get(SERVICE, ""),
        project=labels.get(PROJECT, ""),
        image_id=document["Image"],
        image_ref=document["Config"]["Image"],
        state=state["Status"],
        health=health.get("Status", ""),
        exit_code=None if state["Status"] in {"created", "running"} else state.get("ExitCode"),
        oom=bool(state.get("OOMKilled")),
        restart_count=int(document.get("RestartCount", 0)),
        started_at=state.get("StartedAt", ""),
        error=state.get("Error", ""),
        health_limit=_health_limit(document["Config"].get("Healthcheck") or {}),
        health_log=_last_probe(health.get("Log") or ()),
        networks=_addresses(document["NetworkSettings"].get("Networks") or {}),
        labels=labels,
        one_off=labels.get(_ONE_OFF) == "True",
        mounts=_mounts(document.get("Mounts") or ()),
    )


def event_of(document: Json) -> EngineEvent:
    """The event of one line of the stream of events."""
    attributes = document["Actor"]["Attributes"]
    action, _, health = str(document["Action"]).partition(": ")
    code = attributes.get("exitCode")
    return EngineEvent(
        action=action,
        container=document["Actor"]["ID"],
        service=attributes.get(SERVICE, ""),
        exit_code=int(code) if code is not None else None,
        health=health,
        run_id=attributes.get("stacktest.run", ""),
        at=document["timeNano"] / 1e9 if document.get("timeNano") else None,
    )


def understood(read: Callable[[Json], T], document: Json, what: str) -> T:
    """The result of `read` for an engine's document; ToolMissingError if it has another form."""
    try:
        return read(document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ToolMissingError(
            f"the container engine says of {what} what cannot be understood",
            where=f"{type(error).__name__}: {error}",
            hint="stacktest doctor says which engine this is, and which are known",
        ) from error


# Private


_ONE_OFF = "com.docker.compose.oneoff"
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXITED = re.compile(r"^(?:Exited|Restarting) \((\d+)\)")


def _addresses(networks: Mapping[str, Json]) -> dict[str, str]:
    return {name: (net or {}).get("IPAddress", "") for name, net in sorted(networks.items())}


def _mounts(documents: Sequence[Json]) -> tuple[Mount, ...]:
    mounts = (
        Mount(
            kind=document.get("Type", ""),
            source=document.get("Name" if document.get("Type") == "volume" else "Source", ""),
            target=document.get("Destination", ""),
            read_only=not document.get("RW", True),
        )
        for document in documents
    )
    return tuple(sorted(mounts, key=lambda mount: mount.target))


def _ports(documents: Sequence[Json]) -> tuple[Port, ...]:
    return tuple(
        Port(
            target=int(document["PrivatePort"]),
            published=int(document["PublicPort"]),
            host_ip=document.get("IP", ""),
            protocol=document.get("Type", "tcp"),
        )
        for document in documents
        if document.get("PublicPort")
    )


def _health_limit(check: Json) -> float:
    """`start_period + retries * (interval + timeout)` in seconds; 0 without a health check."""
    if not check.get("Test") or check["Test"] == ["NONE"]:
        return 0.0
    second = 1e9
    interval = (check.get("Interval") or INTERVAL * second) / second
    timeout = (check.get("Timeout") or TIMEOUT * second) / second
    start_period = (check.get("StartPeriod") or 0) / second
    return float(start_period + (check.get("Retries") or RETRIES) * (interval + timeout))


def _last_probe(log: Sequence[Json]) -> str:
    if not log:
        return ""
    last = log[-1]
    output = str(last.get("Output", "")).strip()
    return f"exit {last.get('ExitCode')}: {output}" if output else f"exit {last.get('ExitCode')}"
