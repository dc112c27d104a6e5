"""Diagnoses a front door that cannot reach an upstream: no listener, no name, or wrong TLS.

    wiki.home.lan → wiki:8081 (conf.d/apps.conf:9): nothing listens there; wiki has 8080

It is decided by the container's open ports and by the front door's log line about the request: the
status alone does not suffice, since an application may answer 502 and 503 itself.
"""

from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command, docker_command
from stacktest.core.diagnosis import exited_container, lost_network
from stacktest.core.diagnosis.diagnosis import Diagnosis, edit_command, in_turn, shown_place
from stacktest.core.diagnosis.door_log import Complaint, complaints
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts, SourceLine
from stacktest.core.route import Route
from stacktest.core.routing import HTTP, HTTPS, Request, request_of, routes_taken
from stacktest.core.suggestions import nearest
from stacktest.core.unreached import are_apart

GATEWAY = frozenset({502, 503, 504})
TLS_WANTED = (
    "The plain HTTP request was sent to HTTPS port",
    "Client sent an HTTP request to an HTTPS server",
    "speaking plain HTTP to an SSL-enabled server port",
)
"""Bodies that servers send with 400 for a request without TLS at a port with TLS."""


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first gateway error, or request without TLS, that the facts explain."""
    door = facts.services.get(facts.stack.front_door)
    for answer in failure.answers if door else ():
        wants_tls = answer.status == _BAD_REQUEST and any(t in answer.body for t in TLS_WANTED)
        # At a start, the service's own port does not answer either, whatever the status.
        if door is None or not (failure.is_start or answer.status in GATEWAY or wants_tls):
            continue
        request = request_of(answer.url)
        for route in _routes(facts, request, failure):
            case = _Case(facts, request.host, route, door, wants_tls=wants_tls)
            if diagnosis := _explain(case):
                return diagnosis
    return None


def diagnose_start(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses a front door that ended because it could not resolve the name of an upstream."""
    door = facts.services.get(facts.stack.front_door)
    if door is None or door.is_running or door.name not in failure.services:
        return None
    unknown = {item.upstream for item in complaints(door.log) if item.kind == "unknown"}
    for route in facts.stack.routes:
        if host_of(route.upstream) in unknown:
            case = _Case(facts, route.host, route, door)
            if diagnosis := _apart(case) or _unknown_name(case) or _not_up_then(case):
                return diagnosis
    return None


def host_of(upstream: str) -> str:
    """The host name or address of an upstream as the front door's configuration writes it."""
    return _address(upstream).hostname or ""


# Private

_BAD_REQUEST = 400
_YOUNG = 120
"""Seconds after its start in which a program that does not listen may still be starting."""


class _Case(Struct, frozen=True):
    """One request that the front door did not pass on."""

    facts: Facts
    host: str
    route: Route
    door: ServiceFacts
    wants_tls: bool = False

    @property
    def target(self) -> ServiceFacts | None:
        """The service behind the route, if the upstream is a name or address of its container."""
        service = self.facts.services.get(self.route.service or "")
        if service is None:
            return None
        definition = self.facts.stack.services[service.name]
        names = {service.name, definition.container_name, *service.networks.values()}
        return service if host_of(self.route.upstream) in names else None

    @property
    def running(self) -> ServiceFacts | None:
        """`target`, if it runs; else None."""
        target = self.target
        return target if target and target.is_running else None

    @property
    def complaint(self) -> Complaint | None:
        """The door's last log line about this host, or for lines without a host, this upstream."""
        service = self.facts.services.get(self.route.service or "")
        addresses = {*(service.networks.values() if service else ()), host_of(self.route.upstream)}
        about = [
            item
            for item in complaints(self.door.log)
            if (item.host == self.host if item.host else item.upstream in addresses)
        ]
        return about[-1] if about else None

    @property
    def kind(self) -> str:
        """The kind of the door's complaint; empty: no known complaint."""
        if self.wants_tls:
            return "speaks_tls"
        return self.complaint.kind if self.complaint else ""

    @property
    def port(self) -> int:
        """The port that the door connected to."""
        is_tls = self.route.upstream.startswith("https")
        asked = self.complaint.port if self.complaint else None
        written = _address(self.route.upstream).port
        return asked or self.route.port or written or (HTTPS if is_tls else HTTP)

    @property
    def line(self) -> SourceLine | None:
        """The configuration line that names the upstream."""
        return self.facts.lines.get(self.route.where)

    @property
    def where(self) -> str:
        """`file:line` of that line."""
        return self.line.where if self.line else self.route.where

    @property
    def restart(self) -> str:
        """The command that makes the front door read its configuration again."""
        return compose_command(self.facts.stack, "restart", services=[self.door.name])

    def arrow(self, name: str) -> str:
        """The beginning of a sentence: `wiki.home.lan → wiki:8081 (conf.d/apps.conf:9)`."""
        return f"{self.host} → {name}:{self.port}{shown_place(self.line, self.route.where)}"


def _address(upstream: str) -> SplitResult:
    return urlsplit(upstream if "://" in upstream else f"//{upstream}")


def _routes(facts: Facts, request: Request, failure: Failure) -> tuple[Route, ...]:
    """Routes that may have given the answer; if to several services, those of the test's."""
    routes = routes_taken(facts.stack.routes, request)
    if len({route.service for route in routes}) <= 1:
        return routes
    return tuple(route for route in routes if route.service in failure.services)


def _explain(case: _Case) -> Diagnosis | None:
    diagnoses = (explain(case) for explain in _EXPLANATIONS)
    return next((diagnosis for diagnosis in diagnoses if diagnosis is not None), None)


def _unknown_name(case: _Case) -> Diagnosis | None:
    """Diagnoses an upstream name that no service has."""
    name, stack = host_of(case.route.upstream), case.facts.stack
    names = {s.name for s in stack.services.values()} | {
        s.container_name for s in stack.services.values()
    }
    if name in names or case.kind not in {"unknown", ""} or case.route.service:
        return None
    right = nearest(name, stack.services)
    restart = compose_command(stack, "up", "-d", "--force-recreate", services=[case.door.name])
    edit = edit_command(case.line, name, right) if right else ""
    return Diagnosis(
        service=case.door.name,
        sentence=f"{case.arrow(name)}: no service is called {name}"
        + (f"; there is {right}" if right else ""),
        before="" if edit else f"write the name of a service in {case.where}",
        command=in_turn(edit, restart) or restart,
    )


def _not_up_then(case: _Case) -> Diagnosis | None:
    """Diagnoses a front door that ended because a service was not up, so its name was unknown."""
    name, door = case.route.service, case.door.name
    service = case.facts.services.get(name or "")
    if name is None or service is None:
        return None
    if lost := lost_network.diagnose_service(case.facts, service):
        up = compose_command(case.facts.stack, "up", "-d", services=[door])
        return replace(lost, command=in_turn(lost.command, up))
    state = "runs by now" if service.is_running else "does not run"
    return Diagnosis(
        service=door,
        sentence=f"{case.arrow(name)}: {door} ended since it found no address of {name}, which "
        f"{state}",
        command=compose_command(case.facts.stack, "up", "-d", services=[name, door]),
    )


def _wrong_tls(case: _Case) -> Diagnosis | None:
    """Diagnoses an upstream where only one side uses TLS."""
    if case.kind not in {"speaks_tls", "plain"} or not case.route.service:
        return None
    service, door = case.route.service, case.door.name
    is_missing = case.kind == "speaks_tls"
    wrong, right = ("http", "https") if is_missing else ("https", "http")
    speaker, other = (service, door) if is_missing else (door, service)
    edit = edit_command(case.line, f"{wrong}://", f"{right}://")
    return Diagnosis(
        service=door,
        sentence=f"{case.arrow(service)}: {speaker} speaks TLS there, {other} does not",
        before="" if edit else f"write {right}:// before the upstream in {case.where}",
        command=in_turn(edit, case.restart) or case.restart,
        witness=door,
    )


def _untrusted(case: _Case) -> Diagnosis | None:
    """Diagnoses a service whose certificate the front door does not trust."""
    if case.kind != "untrusted" or not case.route.service:
        return None
    service, door = case.route.service, case.door.name
    return Diagnosis(
        service=door,
        sentence=f"{case.arrow(service)}: {door} does not trust the certificate of {service}",
        command=compose_command(case.facts.stack, "logs", "--tail", "20", services=[door]),
        witness=door,
    )


def _apart(case: _Case) -> Diagnosis | None:
    """Diagnoses a front door and a service without a common network."""
    service, door = case.running, case.door
    if service is None:
        return None
    if not are_apart(service.networks, door.networks):
        return None
    name, network = service.name, min(door.networks)
    return Diagnosis(
        service=name,
        sentence=f"{case.arrow(name)}: {door.name} and {name} share no network; {door.name} is on "
        f"{_listed(door)}, {name} on {_listed(service)}",
        before=f"give services.{name}.networks one that {door.name} is on; until the container is "
        "made again",
        command=in_turn(
            docker_command(
                case.facts.stack,
                *("network", "connect", "--alias", name, network, service.container[:12]),
            ),
            compose_command(case.facts.stack, "restart", services=[door.name]),
        ),
        witness=door.name,
    )


def _down(case: _Case) -> Diagnosis | None:
    """Diagnoses a service that does not run."""
    service, stack = case.target, case.facts.stack
    if service is None or service.is_running:
        return None
    name = service.name
    if service.state in exited_container.DOWN and service.exit_code:
        cause = exited_container.diagnose_service(case.facts, service)
        return replace(cause, sentence=f"{case.arrow(name)}: {cause.sentence}")
    is_paused = service.state == "paused"
    command = ("unpause",) if is_paused else ("up", "-d")
    return Diagnosis(
        service=name,
        sentence=f"{case.arrow(name)}: {name} {'is paused' if is_paused else 'does not run'}",
        command=compose_command(stack, *command, services=[name]),
    )


def _no_listener(case: _Case) -> Diagnosis | None:
    """Diagnoses a service whose container does not listen at the port."""
    service, port = case.running, case.port
    if service is None or service.open_ports is None or port in service.open_ports:
        return None
    name, stack, ports = service.name, case.facts.stack, sorted(service.open_ports)
    if port in service.local_ports:
        return Diagnosis(
            service=name,
            sentence=f"{case.arrow(name)}: {name} listens there for itself alone, at 127.0.0.1",
            before=f"let {name} listen at 0.0.0.0",
            command=compose_command(stack, "up", "-d", "--force-recreate", services=[name]),
            witness=case.door.name,
        )
    if not ports and service.health == "starting":
        return Diagnosis(
            service=name,
            sentence=f"{case.arrow(name)}: nothing listens there yet; {name} is still starting",
            command=compose_command(stack, "up", "-d", "--wait", services=[name]),
            witness=case.door.name,
        )
    shown = " and ".join(map(str, ports)) if ports else "no port open"
    return _corrected(case, ports, f"{case.arrow(name)}: nothing listens there; {name} has {shown}")


def _corrected(case: _Case, ports: Sequence[int], sentence: str) -> Diagnosis:
    """The diagnosis, with the edit to the right port if exactly one port is open."""
    stack, door, service = case.facts.stack, case.door.name, case.route.service or ""
    if len(ports) != 1:
        logs = compose_command(stack, "logs", "--tail", "20", services=[service])
        return Diagnosis(service=service, sentence=sentence, command=logs, witness=door)
    name = host_of(case.route.upstream)
    right = f"{name}:{ports[0]}"
    edit = edit_command(case.line, f"{name}:{case.port}", right)
    return Diagnosis(
        # In a copy with another image the line is right for the stack's own image: blame the image.
        service=service if service in stack.given_images else door,
        sentence=sentence,
        before="" if edit else f"write {right} in {case.where}",
        command=in_turn(edit, case.restart) or case.restart,
        witness=door,
    )


def _was_starting(case: _Case) -> Diagnosis | None:
    """Diagnoses a service that refused the connection during the test, but listens now."""
    service, facts = case.running, case.facts
    ports = (service.open_ports if service else None) or frozenset()
    if service is None or case.kind != "refused" or case.port not in ports:
        return None
    name = service.name
    age = (facts.now - service.started).total_seconds() if service.started else _YOUNG
    started = f"{name} was started {age:.0f} s ago and" if age < _YOUNG else name
    return Diagnosis(
        service=name,
        sentence=f"{case.arrow(name)}: nothing listened there when the test asked; {started} "
        "listens now",
        command=compose_command(facts.stack, "up", "-d", "--wait", services=[name]),
        witness=case.door.name,
    )


def _listed(service: ServiceFacts) -> str:
    return " and ".join(sorted(service.networks))


_EXPLANATIONS: Sequence[Callable[[_Case], Diagnosis | None]] = (
    _wrong_tls,
    _untrusted,
    _apart,
    _down,
    _no_listener,
    _was_starting,
    _unknown_name,
)
