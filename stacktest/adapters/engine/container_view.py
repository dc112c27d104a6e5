"""The container of one service, for tests: its settings and its state, read from the engine.

Every property asks the engine anew, so that a loop sees changes. `on_look` is called with the
container's id and start time; `cannot` is called with the reason if this engine lacks a value.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NoReturn

from stacktest.adapters.engine.port import EnginePort
from stacktest.core import container_facts as facts
from stacktest.core.compose_command import compose_command
from stacktest.core.container_facts import Capabilities, Limits, LogConfig, Masked
from stacktest.core.json_data import Json
from stacktest.core.model import Port, Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError, ToolFailedError

Look = tuple[str, str]
"""A container's id, and the start time of its program as the engine writes it."""


class ContainerView:
    """The properties of the container of one service, each read from the engine."""

    def __init__(
        self,
        model: Stack,
        engine: EnginePort,
        service: str,
        *,
        on_look: Callable[[Look], None],
        healthy_at: Callable[[Look], float | None],
        cannot: Callable[[str], NoReturn],
    ) -> None:
        self._model, self._engine = model, engine
        self.service = service
        self._on_look = on_look
        self._healthy_at = healthy_at
        self._cannot = cannot

    def __repr__(self) -> str:
        return f"ContainerView({self.service!r})"

    @property
    def user(self) -> str:
        """The user of the program as the image or the compose file names it; empty: root."""
        return str(self.document()["Config"].get("User") or "")

    @property
    def limits(self) -> Limits:
        """The limits of processors, memory and processes."""
        if sentence := self._engine.facts().limits_sentence:
            self._cannot(sentence)
        return facts.limits(self.document())

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that were added and dropped."""
        if not self._engine.facts().words_rights_as_given:
            self._cannot("which rights were given is not known: Podman compares with its defaults")
        return facts.capabilities(self.document())

    @property
    def read_only(self) -> bool:
        """Whether the container's root file system is read-only."""
        return bool(self.document()["HostConfig"].get("ReadonlyRootfs"))

    @property
    def tmpfs(self) -> Mapping[str, str]:
        """Folder → options of the tmpfs that is mounted there."""
        return dict(self.document()["HostConfig"].get("Tmpfs") or {})

    @property
    def ports(self) -> tuple[Port, ...]:
        """Published ports, each with the host's address."""
        return facts.ports(self.document())

    @property
    def log_config(self) -> LogConfig:
        """The logging driver and its options."""
        return facts.log_config(self.document())

    @property
    def env(self) -> Mapping[str, Masked]:
        """The environment variables; values can be compared and are never shown."""
        return facts.environment(self.document())

    @property
    def networks(self) -> tuple[str, ...]:
        """The container's networks, named as in the compose file."""
        defined = self._model.definitions.get("networks") or {}
        known = {str((item or {}).get("name") or name): name for name, item in defined.items()}
        return facts.networks(self.document(), known)

    @property
    def restart_policy(self) -> str:
        """`no`, `always`, `unless-stopped` or `on-failure`."""
        return str((self.document()["HostConfig"].get("RestartPolicy") or {}).get("Name") or "no")

    @property
    def state(self) -> str:
        """The engine's state: `running`, `exited` or another."""
        return str(self.document()["State"]["Status"])

    @property
    def health(self) -> str:
        """`healthy`, `unhealthy` or `starting`; empty without a health check."""
        return str((self.document()["State"].get("Health") or {}).get("Status") or "")

    @property
    def exit_code(self) -> int | None:
        """The exit code of the program; None while it runs."""
        state = self.document()["State"]
        return None if state["Status"] in {"created", "running"} else int(state["ExitCode"])

    @property
    def started(self) -> dt.datetime | None:
        """The time of the last start of the program."""
        return facts.started(self.document())

    @property
    def healthy_since(self) -> dt.datetime | None:
        """When this run saw it become healthy after the last start; None: it did not see that."""
        document = self.document()
        moment = self._healthy_at(_look(document))
        if moment is None and not self._engine.facts().dates_health:
            self._cannot("when it became healthy is not known: events of Podman do not say it")
        return None if moment is None else dt.datetime.fromtimestamp(moment, dt.UTC)

    @property
    def restarts(self) -> int:
        """How often the engine restarted it because its program ended."""
        return int(self.document().get("RestartCount") or 0)

    @property
    def raw(self) -> Json:
        """The engine's own document, with the values of variables masked."""
        return facts.without_values(self.document())

    def logs(self, since: dt.datetime | float | None = None) -> str:
        """The container's log, since a time (or Unix time) or from the beginning."""
        document = self.document()
        moment = since.timestamp() if isinstance(since, dt.datetime) else since
        return str(self._known(self._engine.logs(str(document["Id"]), since=moment)))

    def memory(self) -> int:
        """Bytes of memory in use, without page cache that can be dropped."""
        return facts.used_memory(self._stats())

    def cpu(self) -> float:
        """Processors in use, measured over a second: 0.5 is half of one."""
        return facts.used_cpus(self._stats(twice=True))

    def document(self) -> Json:
        """The engine's own document with the values of variables: not for a report."""
        containers = [
            container
            for container in self._engine.containers(self._model.name)
            if container.service == self.service and not container.one_off
        ]
        if not containers:
            raise StackNotReadyError(
                f"service {self.service} has no container",
                where=f"services.{self.service}",
                hint=compose_command(self._model, "ps", "--all", services=[self.service]),
                service=self.service,
            )
        chosen = min(containers, key=lambda container: not container.is_running)
        document = self._known(self._engine.inspect(chosen.id))
        self._on_look(_look(document))
        return document

    # Private

    def _stats(self, *, twice: bool = False) -> Json:
        engine = self._engine.facts()
        if not engine.measures_containers:
            self._cannot(f"use is not measured by container: {engine.why}")
        document = self.document()
        stats = self._known(self._engine.stats(str(document["Id"]), twice=twice))
        if not stats.get("memory_stats", {}).get("usage"):
            raise ToolFailedError(
                f"what {self.service} uses is not known: it does not run, or this engine counts "
                "nothing",
                where=f"services.{self.service}",
                hint="stacktest doctor",
            )
        return stats

    def _known(self, value: Json | Unknown) -> Json:
        if isinstance(value, Unknown):
            raise ToolFailedError(value.why, where=f"services.{self.service}")
        return value


# Private


def _look(document: Json) -> Look:
    return str(document["Id"]), str(document["State"].get("StartedAt") or "")
