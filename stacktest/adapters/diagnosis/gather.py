"""Gathers facts about the services of a failure: from engine, files, certificates and ports."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stacktest.adapters.diagnosis.lines import compose_lines, route_lines
from stacktest.adapters.diagnosis.mounts import mount_facts
from stacktest.adapters.diagnosis.open_ports import listening_ports
from stacktest.adapters.diagnosis.port_holder import holder_of
from stacktest.adapters.engine.port import EnginePort
from stacktest.core import container_facts
from stacktest.core.diagnosis.facts import Certificate, Facts, HostPort, PortHolder, ServiceFacts
from stacktest.core.diagnosis.taken_port import wanted_port
from stacktest.core.freshness.drift import env_drift
from stacktest.core.healthcheck_timing import first_look
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.observed_state import Container
from stacktest.core.redaction import redact_named
from stacktest.core.secrets import named_secrets
from stacktest.core.unknown import Unknown

LINES = 200
"""Number of log lines that are read, from the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatherer:
    """Reads the facts that a diagnosis of one stack needs."""

    stack: Stack
    engine: EnginePort
    folder: Path
    """The folder in which the person types commands."""
    now: dt.datetime
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, stack: Stack, engine: EnginePort, folder: Path, now: dt.datetime) -> "Gatherer":
        """A gatherer that masks the stack's secrets."""
        secrets = named_secrets(stack)
        return cls(stack=stack, engine=engine, folder=folder, now=now, secrets=secrets)

    def facts(
        self,
        names: Iterable[str],
        *,
        since: float | None = None,
        certificates: Callable[[], Mapping[str, Certificate]] = dict,
        with_ports: bool = False,
        passed_routes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Facts:
        """The facts about these services; `since` is the Unix time of the failing test's start."""
        known = [name for name in dict.fromkeys(names) if name in self.stack.services]
        listed = [c for c in self.engine.containers(self.stack.name) if not c.one_off]
        services = {
            name: self._service(
                self._worst([c for c in listed if c.service == name]),
                name,
                since,
                with_ports=with_ports,
            )
            for name in known
        }
        lines = {
            **route_lines(self.stack, self.folder),
            **compose_lines(self.stack, self.folder, known),
        }
        return Facts(
            stack=self.stack,
            now=self.now,
            services=services,
            certificates=certificates(),
            holders=self._holders(services.values()),
            lines={key: line for key, line in lines.items() if not self._holds_secret(line.text)},
            passed_routes=passed_routes or {},
        )

    # Private

    def _worst(self, listed: Sequence[Container]) -> Container | None:
        """A container of the service that is unwell, if any; each is inspected for its error."""
        looked = [found for item in listed if (found := self.engine.container(item.id))]
        looked.sort(key=lambda container: (not container.error, _is_well(container)))
        return looked[0] if looked else None

    def _holders(self, services: Iterable[ServiceFacts]) -> Mapping[HostPort, PortHolder]:
        wanted = {port: s.container for s in services if (port := wanted_port(s.error))}
        holders = {
            port: holder_of(self.stack, self.engine, port, besides=c) for port, c in wanted.items()
        }
        return {port: holder for port, holder in holders.items() if holder is not None}

    def _holds_secret(self, text: str) -> bool:
        return self._clean(text) != text

    def _clean(self, text: str) -> str:
        return redact_named(text, self.secrets)

    def _service(
        self, container: Container | None, name: str, since: float | None, *, with_ports: bool
    ) -> ServiceFacts:
        document = self.engine.inspect(container.id) if container else Unknown("it has none")
        if container is None or isinstance(document, Unknown):
            return ServiceFacts(name=name)
        is_well = _is_well(container)
        ports = listening_ports(self.engine, container.id) if with_ports and is_well else None
        host = document["HostConfig"]
        mode = str(host.get("NetworkMode") or "")
        return ServiceFacts(
            name=name,
            container=container.id,
            is_temporary=container.is_temporary,
            state=container.state,
            exit_code=container.exit_code,
            oom=container.oom,
            error=self._clean(container.error),
            health=container.health,
            health_log=self._clean(container.health_log),
            first_check=self._first_check(container, self.stack.services[name]),
            restarts=container.restart_count,
            started=container_facts.started(document),
            log=self._log(container.id, since if is_well else None),
            open_ports=ports.for_others if ports else None,
            local_ports=ports.for_itself if ports else frozenset(),
            networks=container.networks,
            network_container=mode.partition(":")[2] if mode.startswith("container:") else "",
            user=_user(document),
            memory=container_facts.limits(document).memory or 0,
            read_only_root=bool(host.get("ReadonlyRootfs")),
            edited=_edited(document, self.stack.services[name]),
            mounts=mount_facts(self.stack, container, self.engine, self.folder),
        )

    def _first_check(self, container: Container, service: Service) -> float | None:
        """Seconds from the start to the first health check; None if a check has run already."""
        if container.health != "starting" or container.health_log:
            return None
        major = whole_number(self.engine.version().partition(".")[0])
        return first_look(service, engine=major) if major else None

    def _log(self, container: str, since: float | None) -> tuple[str, ...]:
        text = self.engine.logs(container, tail=LINES, since=since)
        return () if isinstance(text, Unknown) else tuple(self._clean(text).splitlines())


# Private


def _is_well(container: Container) -> bool:
    return container.is_running and container.health != "unhealthy"


def _edited(document: Json, service: Service) -> tuple[str, ...]:
    """Variables whose values in the container differ from the present definition."""
    reasons = env_drift(service, document, Unknown("what the image sets was not edited"))
    return tuple(reason.removeprefix("env:") for reason in reasons)


def _user(document: Json) -> str:
    """`uid:gid` of the program; empty if the user is given by name."""
    user = str(document["Config"].get("User") or "0")
    uid, _, gid = user.partition(":")
    return f"{uid}:{gid or uid}" if uid.isdigit() and (gid or uid).isdigit() else ""
