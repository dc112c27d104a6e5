"""The client of the container engine: containers, images, logs, events, commands in containers.

    by its socket       all requests of a warm run and of the reaper, and streams of JSON documents:
                        containers, images, networks, info, events, start, stop, remove, execute
                        and logs, of which only the end is kept
    by the Docker SDK   requests with a protocol or many options of their own: attached commands,
                        probe and tool containers

See the decision "Two ways to one engine". This module only reads and acts; `core.observed_state`
has the types, `core.readiness` the judgement.
"""

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing

from stacktest.adapters.engine.attached import Attached
from stacktest.adapters.engine.connection import Connection, connection_to, find_connection
from stacktest.adapters.engine.container_files import Files, files_there
from stacktest.adapters.engine.documents import (
    PROJECT,
    event_of,
    inspected_container,
    listed_container,
    understood,
)
from stacktest.adapters.engine.labels import without_project
from stacktest.adapters.engine.log_end import read_end
from stacktest.adapters.engine.podman import engine_facts, with_health
from stacktest.adapters.engine.socket import ERR, OUT, EngineSocket, Lines, split_streams
from stacktest.adapters.engine.tool_container import Folders, ToolContainer, is_being_removed
from stacktest.core.engine_facts import EngineFacts
from stacktest.core.json_data import Json
from stacktest.core.observed_state import Container, EngineEvent
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolFailedError, ToolMissingError

STANDSTILL = 60.0
"""Seconds after which an engine that has not killed or removed a container counts as stuck."""
LONGEST_STOP = 600.0
LONGEST_SILENCE = 300.0
"""Seconds that a stop by the container's own setting may take, and a command print nothing."""
ACTIONS = ("create", "start", "die", "oom", "health_status", "destroy", "pause", "unpause")


class Engine:
    """The container engine that the docker command would use; connects at the first request."""

    def __init__(self, address: str | Connection = "") -> None:
        self._address = address
        self._socket: EngineSocket | None = None

    @property
    def socket(self) -> EngineSocket:
        """The direct connection, for requests that this class has no method for."""
        if self._socket is None:
            self._socket = EngineSocket(self._find())
        return self._socket

    @property
    def connection(self) -> Connection:
        """The address and certificates of the engine."""
        return self.socket.connection

    def ping(self) -> None:
        """Return if the engine answers; raise ToolMissingError if it does not."""
        self.socket.get("/_ping")

    def version(self) -> str:
        """The version that the engine reports."""
        return str(self.socket.get("/version").get("Version", ""))

    def info(self) -> Json:
        """The engine's document about itself and its host."""
        return self.socket.get("/info")

    def facts(self) -> EngineFacts:
        """The engine's identity, and the limits that it does not enforce."""
        return engine_facts(self.socket)

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        """Every container of the project (or with these labels), also stopped ones: one request."""
        chosen = [f"{PROJECT}={project}"] if project else []
        chosen += [f"{name}={value}" for name, value in (labels or {}).items()]
        reply = self.socket.ask("/containers/json", {"all": 1, "filters": {"label": chosen}})
        containers = [
            understood(listed_container, row, "a row of its containers") for row in reply.data or ()
        ]
        if reply.is_podman:
            containers = with_health(self.socket, containers)
        return tuple(sorted(containers, key=lambda item: (item.service, item.name)))

    def container(self, id: str) -> Container | None:  # noqa: A002 - the engine's own word
        """One container with all details, or None if it no longer exists."""
        reply = self.socket.call("GET", f"/containers/{id}/json")
        return understood(inspected_container, reply.data, "a container") if reply.ok else None

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002 - the engine's own word
        """The engine's JSON document about a container; Unknown if it no longer exists."""
        reply = self.socket.call("GET", f"/containers/{id}/json")
        return reply.data if reply.ok else Unknown(f"container {id[:12]}: {reply.message}")

    def image(self, ref: str) -> Json | Unknown:
        """The engine's JSON document about an image, by reference or id; Unknown if it has none."""
        reply = self.socket.call("GET", f"/images/{ref}/json")
        return reply.data if reply.ok else Unknown(f"image {ref}: {reply.message}")

    def networks(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Networks with these labels."""
        chosen = [f"{name}={value}" for name, value in labels.items()]
        return tuple(self.socket.get("/networks", {"filters": {"label": chosen}}))

    def network(self, id: str) -> Json | Unknown:  # noqa: A002 - the engine's own word
        """The engine's JSON document about a network; Unknown if it no longer exists."""
        reply = self.socket.call("GET", f"/networks/{id}")
        return reply.data if reply.ok else Unknown(f"network {id[:12]}: {reply.message}")

    def volumes(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Volumes with these labels; `CreatedAt` only if the engine knows when that was."""
        filters = [f"{name}={value}" for name, value in labels.items()]
        reply = self.socket.ask("/volumes", {"filters": {"label": filters}})
        volumes = reply.data["Volumes"] or ()
        unknown = () if reply.dates_volumes else ("CreatedAt",)
        return tuple({k: v for k, v in volume.items() if k not in unknown} for volume in volumes)

    def volume(self, name: str) -> Json | Unknown:
        """The engine's JSON document about a volume; Unknown if it does not exist."""
        reply = self.socket.call("GET", f"/volumes/{name}")
        return reply.data if reply.ok else Unknown(f"volume {name}: {reply.message}")

    def file(self, id: str, path: str) -> bytes | None:  # noqa: A002 - the engine's own word
        """The content of one file in a container, running or not; None if it does not exist."""
        reply = self.socket.call("GET", f"/containers/{id}/archive", {"path": path})
        if not reply.ok:
            return None
        with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member and member.isfile() else None
            return None if content is None else content.read()

    def files(self, id: str, path: str) -> Files | Unknown:  # noqa: A002 - the engine's own word
        """The files below a path of a container, running or not, with their digests."""
        return files_there(self.socket, id, path)

    def events(self, project: str, since: float | None = None) -> "Events":
        """The events of the project's containers, from now or from a Unix time on."""
        times = {} if since is None else {"since": f"{since:.9f}"}
        return Events(self.socket.stream("/events", _event_query(project) | times))

    def happened(self, project: str, *, since: float, until: float) -> tuple[EngineEvent, ...]:
        """The events of the project's containers between two Unix times, both in the past."""
        times = {"since": f"{since:.9f}", "until": f"{until:.9f}"}
        with closing(
            Events(self.socket.stream("/events", _event_query(project) | times))
        ) as events:
            return tuple(events)

    def start(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Start a container; returns an empty text, or why the engine could not start it."""
        reply = self.socket.call("POST", f"/containers/{id}/start")
        return "" if reply.ok else reply.message

    def stop(self, id: str, *, grace: float | None = None) -> None:  # noqa: A002
        """Stop a container; kill it after `grace` seconds (default: its own setting)."""
        query = {} if grace is None else {"t": int(grace)}
        timeout = LONGEST_STOP if grace is None else grace + STANDSTILL
        self.socket.call("POST", f"/containers/{id}/stop", query, timeout=timeout)

    def remove(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Kill and remove a container and its anonymous volumes; empty, or why it failed."""
        query = {"force": 1, "v": 1}
        path = f"/containers/{id}"
        reply = self.socket.call("DELETE", path, query, timeout=STANDSTILL)
        if is_being_removed(reply.status, reply.message):
            removed = {"condition": "removed"}
            reply = self.socket.call("POST", f"{path}/wait", removed, timeout=STANDSTILL)
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def remove_network(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Remove a network; empty, or why the engine refused (a container uses it)."""
        reply = self.socket.call("DELETE", f"/networks/{id}", timeout=STANDSTILL)
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def remove_volume(self, name: str) -> str:
        """Remove a volume by its name; empty, or why the engine refused."""
        reply = self.socket.call("DELETE", f"/volumes/{name}")
        return "" if reply.ok or reply.status == _NOT_FOUND else reply.message

    def remove_stored(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Do nothing: only a swarm stores files (configs, secrets) for containers."""
        del labels
        return {}

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create an empty volume of the local driver."""
        self.socket.post("/volumes/create", {"Name": name, "Labels": dict(labels)})

    def pause(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Pause a container's processes; empty, or why it failed."""
        reply = self.socket.call("POST", f"/containers/{id}/pause")
        return "" if reply.ok else reply.message

    def unpause(self, id: str) -> str:  # noqa: A002 - the engine's own word
        """Resume a paused container; empty, or why it failed."""
        reply = self.socket.call("POST", f"/containers/{id}/unpause")
        return "" if reply.ok else reply.message

    def lasting_id(self, container: Container) -> str:
        """The id by which a container can be stopped and started again."""
        return container.id

    def logs(
        self,
        id: str,  # noqa: A002 - the engine's own word
        tail: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> str | Unknown:
        """The end of the container's log, both streams in order; Unknown if it has no log."""
        container = self.inspect(id)
        if isinstance(container, Unknown):
            return Unknown(f"its logs cannot be read: {container.why}")
        is_framed = not container["Config"].get("Tty")
        times = {"since": since, "until": until}
        query: dict[str, Json] = {"stdout": 1, "stderr": 1, "tail": tail or "all"}
        query |= {name: f"{time:.9f}" for name, time in times.items() if time is not None}
        end = self.socket.read(
            f"/containers/{id}/logs", query, lambda source: read_end(source, framed=is_framed)
        )
        # The container has `logging: {driver: none}`, or has just been removed.
        if isinstance(end, Unknown):
            return Unknown(f"its logs cannot be read: {end.why}")
        return end.decode(errors="replace")

    def sent_bytes(self, id: str) -> int | None:  # noqa: A002
        """Bytes sent by a container's own interfaces; None if the engine has no count."""
        stats = self.stats(id)
        if isinstance(stats, Unknown):
            return None
        networks = stats.get("networks") or {}
        counts = [int(interface.get("tx_bytes", 0)) for interface in networks.values()]
        return sum(counts) if counts else None

    def stats(self, id: str, *, twice: bool = False) -> Json | Unknown:  # noqa: A002
        """The container's resource use now; `twice`: also the sample from a second before.

        Unknown if the container has ended meanwhile, or this engine has no statistics.
        """
        query = {"stream": "false"} if twice else {"stream": "false", "one-shot": "true"}
        try:
            return self.socket.get(f"/containers/{id}/stats", query)
        except ToolMissingError as error:
            return Unknown(error.what)

    def execute(
        self,
        id: str,  # noqa: A002
        argv: Sequence[str],
        *,
        user: str = "",
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        silence: float = LONGEST_SILENCE,
    ) -> tuple[int, str, str]:
        """Run a command inside the container; returns exit code, standard output, standard error.

        `silence` is the number of seconds that the command may print nothing.
        """
        command = {
            "AttachStdin": stdin is not None,
            "AttachStdout": True,
            "AttachStderr": True,
            "Cmd": list(argv),
            "User": user,
            "Env": [f"{name}={value}" for name, value in (env or {}).items()],
        }
        exec_id = self.socket.post(f"/containers/{id}/exec", command).data["Id"]
        start = (f"/exec/{exec_id}/start", {"Detach": False, "Tty": False})
        if stdin is None:
            body = self.socket.post(*start, timeout=silence).body
        else:
            body = self.socket.talk(*start, stdin)
        output = split_streams(body)
        code = self.socket.get(f"/exec/{exec_id}/json")["ExitCode"]
        return int(code), _text(output[OUT]), _text(output[ERR])

    def attach(self, id: str, argv: Sequence[str]) -> Attached:  # noqa: A002
        """Start a command inside the container and keep its input and output open."""
        return Attached(self.connection, id, argv)

    def start_probe(
        self, image: str, *, network: str, labels: Mapping[str, str], lifetime: int
    ) -> str | None:
        """Id of a new container without capabilities on a network; None if the image is absent.

        The container ends by itself after `lifetime` seconds, and is then removed by the engine.
        """
        with closing(self.connection.sdk()) as sdk:
            from docker.errors import APIError, ImageNotFound

            host = sdk.create_host_config(
                network_mode=network,
                auto_remove=True,
                init=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
            )
            command = ["sleep", str(lifetime)]
            try:
                created = sdk.create_container(
                    image, command=command, labels=without_project(labels), host_config=host
                )
                sdk.start(created["Id"])
            except ImageNotFound:
                return None
            except APIError as error:
                raise ToolFailedError(
                    f"no probe can be started on network {network}: {error.explanation}",
                    where=image,
                    hint="stacktest doctor",
                ) from error
            return str(created["Id"])

    def run_tool(
        self,
        image: str,
        argv: Sequence[str],
        *,
        folders: Folders,
        labels: Mapping[str, str],
        timeout: float,
        env: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Exit code and output of a program in a new container without a network, as root.

        The container is removed afterwards. StacktestError: it could not be created.
        """
        made = ToolContainer(image=image, folders=folders, labels=labels, env=env or {})
        return made.run(self.connection, argv, timeout=timeout)

    def waiting_tool(
        self, image: str, *, folders: Folders, labels: Mapping[str, str]
    ) -> AbstractContextManager[str]:
        """Id of a container as of `run_tool` that waits for `execute`; removed at the end.

        StacktestError: it could not be started.
        """
        made = ToolContainer(image=image, folders=folders, labels=labels)
        return made.waiting(self.connection)

    # Private

    def _find(self) -> Connection:
        if isinstance(self._address, Connection):
            return self._address
        return connection_to(self._address) if self._address else find_connection()


class Events:
    """An open stream of events; `close` ends the iteration, also in another thread."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[EngineEvent]:
        """Events until the engine or `close` ends the stream."""
        for document in self._lines:
            yield understood(event_of, document, "an event")

    def close(self) -> None:
        """End the stream."""
        self._lines.close()


# Private

_NOT_FOUND = 404


def _event_query(project: str) -> dict[str, Json]:
    label = [f"{PROJECT}={project}"]
    return {"filters": {"type": ["container"], "label": label, "event": list(ACTIONS)}}


def _text(data: bytes | bytearray | None) -> str:
    return (data or b"").decode(errors="replace")
