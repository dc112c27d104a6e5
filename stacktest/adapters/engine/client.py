"""Asks the container engine: containers, images, logs, events, and commands inside a container.

    quick, by its socket       containers, container, image, networks, events, start, stop, remove
                               execute: what the SDK reads past the head of the answer is lost to it
    by the Docker SDK          logs: a stream with a framing of its own

Nothing here decides anything; `core.observed` has the types, `core.readiness` the judgement.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stacktest.adapters.engine.socket import ERR, FRAME, OUT, EngineSocket, Lines
from stacktest.core.model import Json, Mount
from stacktest.core.observed_state import Container, Happening
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError

PROJECT = "com.docker.compose.project"
STANDSTILL = 60.0
"""Seconds after which an engine that kills and removes something has come to a standstill."""
LONGEST_STOP = 600.0
"""Seconds that a container's own setting may give its program to end."""
ACTIONS = ("create", "start", "die", "oom", "health_status", "destroy", "pause", "unpause")


class Engine:
    """The container engine that the docker command would use; connects when first asked."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._socket: EngineSocket | None = None

    @property
    def socket(self) -> EngineSocket:
        """The direct connection, for questions that this class does not ask."""
        if self._socket is None:
            self._socket = EngineSocket(self._address)
        return self._socket

    def ping(self) -> None:
        """Returns when the engine answers; raises ToolMissingError when it does not."""
        self.socket.get("/_ping")

    def version(self) -> str:
        """The engine's version, as it says it."""
        return str(self.socket.get("/version").get("Version", ""))

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        """Every container of the project (or with these labels), stopped ones too: one call."""
        wanted = [f"{PROJECT}={project}"] if project else []
        wanted += [f"{name}={value}" for name, value in (labels or {}).items()]
        listed = self.socket.get("/containers/json", {"all": 1, "filters": {"label": wanted}})
        return tuple(
            sorted(
                (_from_list(each) for each in listed), key=lambda each: (each.service, each.name)
            )
        )

    def container(self, id: str) -> Container | None:  # noqa: A002 - the engine's own word
        """Everything about one container, or None when it is gone."""
        reply = self.socket.call("GET", f"/containers/{id}/json")
        return _from_inspect(reply.data) if reply.ok else None

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002 - the engine's own word
        """The engine's own document about a container; Unknown when it is gone."""
        reply = self.socket.call("GET", f"/containers/{id}/json")
        return reply.data if reply.ok else Unknown(f"container {id[:12]}: {reply.message}")

    def image(self, ref: str) -> Json | Unknown:
        """What the engine says about an image by reference or id; Unknown when it has none."""
        reply = self.socket.call("GET", f"/images/{ref}/json")
        return reply.data if reply.ok else Unknown(f"image {ref}: {reply.message}")

    def networks(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Networks with these labels."""
        wanted = [f"{name}={value}" for name, value in labels.items()]
        return tuple(self.socket.get("/networks", {"filters": {"label": wanted}}))

    def events(self, project: str, since: float | None = None) -> "Events":
        """What happens to the project's containers, from now or from a Unix time on."""
        query: dict[str, Json] = {
            "filters": {
                "type": ["container"],
                "label": [f"{PROJECT}={project}"],
                "event": list(ACTIONS),
            }
        }
        if since is not None:
            query["since"] = f"{since:.9f}"
        return Events(self.socket.stream("/events", query))

    def happened(self, project: str, *, since: float, until: float) -> tuple[Happening, ...]:
        """What happened to the project's containers between two Unix times, both in the past."""
        query: dict[str, Json] = {
            "filters": {
                "type": ["container"],
                "label": [f"{PROJECT}={project}"],
                "event": list(ACTIONS),
            },
            "since": f"{since:.9f}",
            "until": f"{until:.9f}",
        }
        events = Events(self.socket.stream("/events", query))
        try:
            return tuple(events)
        finally:
            events.close()

    def start(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Starts a container; empty when it runs, else why the engine could not start it."""
        reply = self.socket.call("POST", f"/containers/{id}/start")
        return "" if reply.ok else reply.message

    def stop(self, id: str, *, grace: float | None = None) -> None:  # noqa: A002
        """Asks the program to end, kills it after `grace` seconds (default: its own setting)."""
        query = {} if grace is None else {"t": int(grace)}
        timeout = LONGEST_STOP if grace is None else grace + STANDSTILL
        self.socket.call("POST", f"/containers/{id}/stop", query, timeout=timeout)

    def remove(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Kills and removes a container and its nameless volumes; empty, or why it could not."""
        query = {"force": 1, "v": 1}
        reply = self.socket.call("DELETE", f"/containers/{id}", query, timeout=STANDSTILL)
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def remove_network(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Removes a network; empty, or why the engine would not (somebody uses it)."""
        reply = self.socket.call("DELETE", f"/networks/{id}", timeout=STANDSTILL)
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def remove_volume(self, name: str) -> str:
        """Removes a volume that a person named; empty, or why the engine would not."""
        reply = self.socket.call("DELETE", f"/volumes/{name}")
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def logs(
        self,
        id: str,  # noqa: A002 - the engine's own word
        tail: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> str:
        """What the container wrote, both streams in order."""
        with self._sdk() as sdk:
            said: bytes = sdk.logs(
                id, stdout=True, stderr=True, tail=tail or "all", since=since, until=until
            )
        return said.decode(errors="replace")

    def execute(self, id: str, argv: Sequence[str]) -> tuple[int, str, str]:  # noqa: A002
        """Runs a command inside the container: exit code, standard output, standard error."""
        wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
        made = self.socket.post(f"/containers/{id}/exec", wanted).data["Id"]
        begun = self.socket.post(f"/exec/{made}/start", {"Detach": False, "Tty": False})
        said = _streams(begun.body)
        code = self.socket.get(f"/exec/{made}/json")["ExitCode"]
        return int(code), _text(said[OUT]), _text(said[ERR])

    def _sdk(self) -> Any:
        from docker import APIClient  # 200 ms, so only where a stream is read
        from docker.errors import DockerException
        from docker.tls import TLSConfig

        address = self.socket.address
        parts = urlsplit(address)
        tls: Any = False
        if os.environ.get("DOCKER_TLS_VERIFY") and parts.scheme != "unix":
            folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
            tls = TLSConfig(
                client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")),
                ca_cert=str(folder / "ca.pem"),
                verify=True,
            )
        try:
            return APIClient(base_url=address, version="auto", tls=tls)
        except DockerException as error:
            raise StacktestError(
                f"the Docker SDK cannot connect: {error}", where=address
            ) from error


class Events:
    """An open stream of happenings; `close` wakes whoever reads it."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Happening]:
        """Happenings until the engine or `close` ends the stream."""
        for document in self._lines:
            yield _happening(document)

    def close(self) -> None:
        """End the stream."""
        self._lines.close()


# Private

_NOT_FOUND = 404
_SERVICE = "com.docker.compose.service"
_ONE_OFF = "com.docker.compose.oneoff"
_CONFIG_HASH = "com.docker.compose.config-hash"
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXITED = re.compile(r"^(?:Exited|Restarting) \((\d+)\)")


def _text(said: bytes | bytearray | None) -> str:
    return (said or b"").decode(errors="replace")


def _streams(framed: bytes) -> Mapping[int, bytearray]:
    """Stream → all that was written to it."""
    found = {OUT: bytearray(), ERR: bytearray()}
    at = 0
    while at + FRAME.size <= len(framed):
        stream, size = FRAME.unpack_from(framed, at)
        at += FRAME.size
        found.setdefault(stream, bytearray()).extend(framed[at : at + size])
        at += size
    return found


def _from_list(each: Json) -> Container:
    """A row of the list: health and exit code are only in its text, `Up 3 seconds (healthy)`."""
    labels = each.get("Labels") or {}
    status = each.get("Status") or ""
    health = _HEALTH.search(status)
    code = _EXITED.search(status)
    networks = (each.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=each["Id"],
        name=(each.get("Names") or ["/"])[0].lstrip("/"),
        service=labels.get(_SERVICE, ""),
        project=labels.get(PROJECT, ""),
        image_id=each.get("ImageID", ""),
        image_ref=each.get("Image", ""),
        state=each.get("State", ""),
        health=health[1] if health else "",
        exit_code=int(code[1]) if code else None,
        networks=_addresses(networks),
        labels=labels,
        one_off=labels.get(_ONE_OFF) == "True",
        config_hash=labels.get(_CONFIG_HASH, ""),
        mounts=_mounts(each.get("Mounts") or ()),
    )


def _from_inspect(each: Json) -> Container:
    labels = each["Config"].get("Labels") or {}
    state = each["State"]
    health = state.get("Health") or {}
    return Container(
        id=each["Id"],
        name=each["Name"].lstrip("/"),
        service=labels.get(_SERVICE, ""),
        project=labels.get(PROJECT, ""),
        image_id=each["Image"],
        image_ref=each["Config"]["Image"],
        state=state["Status"],
        health=health.get("Status", ""),
        exit_code=None if state["Status"] in {"created", "running"} else state.get("ExitCode"),
        oom=bool(state.get("OOMKilled")),
        restart_count=int(each.get("RestartCount", 0)),
        started_at=state.get("StartedAt", ""),
        error=state.get("Error", ""),
        health_log=_last_probe(health.get("Log") or ()),
        networks=_addresses(each["NetworkSettings"].get("Networks") or {}),
        labels=labels,
        one_off=labels.get(_ONE_OFF) == "True",
        config_hash=labels.get(_CONFIG_HASH, ""),
        mounts=_mounts(each.get("Mounts") or ()),
    )


def _addresses(networks: Mapping[str, Json]) -> dict[str, str]:
    return {name: (each or {}).get("IPAddress", "") for name, each in sorted(networks.items())}


def _mounts(mounts: Sequence[Json]) -> tuple[Mount, ...]:
    found = (
        Mount(
            kind=each.get("Type", ""),
            source=each.get("Name") if each.get("Type") == "volume" else each.get("Source", ""),
            target=each.get("Destination", ""),
            read_only=not each.get("RW", True),
        )
        for each in mounts
    )
    return tuple(sorted(found, key=lambda mount: mount.target))


def _last_probe(log: Sequence[Json]) -> str:
    if not log:
        return ""
    last = log[-1]
    said = str(last.get("Output", "")).strip()
    return f"exit {last.get('ExitCode')}: {said}" if said else f"exit {last.get('ExitCode')}"


def _happening(document: Json) -> Happening:
    attributes = document["Actor"]["Attributes"]
    action, _, health = str(document["Action"]).partition(": ")
    code = attributes.get("exitCode")
    return Happening(
        action=action,
        container=document["Actor"]["ID"],
        service=attributes.get(_SERVICE, ""),
        exit_code=int(code) if code is not None else None,
        health=health,
        run_id=attributes.get("stacktest.run", ""),
    )
