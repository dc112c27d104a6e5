"""Reports why a stack did not come up: service, cause, last log lines, and the next command.

    error: grafana exited 3
      at: service grafana, container demo-grafana-1, image grafana/grafana:11.0.0
      exit code 3, not killed for memory, 0 restarts
      last lines of grafana:
        | cannot open /var/lib/grafana: permission denied
      last lines of postgres (running), which grafana depends on:
        | database system is ready to accept connections
      hint: stacktest up grafana; docker compose logs grafana

Compose and the engine have several messages for the same cause; `core.diagnosis.known_start_errors`
has the frequent ones, and others are passed on, without the stack's secrets (`core.secrets`).
"""

import re
from collections.abc import Callable, Mapping, Sequence

from stacktest.adapters.engine.port import EnginePort
from stacktest.core.compose_command import compose_command, log_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.diagnosis.known_start_errors import CREATION, START, find_cause, hint_of
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Impossible, Kind, Rule
from stacktest.core.redaction import redact_named
from stacktest.core.runs.start_failure import CODE, StartFailure, by_cause
from stacktest.core.secrets import named_secrets
from stacktest.core.shared_network import joined_containers
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError

LINES = 20
"""Number of log lines that are shown of the failed service; of its dependencies, a quarter."""


class NotReadyError(StackNotReadyError):
    """A stack did not come up; the message has details between `at` and `hint`."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        code: str = "",
        service: str = "",
        details: Sequence[str] = (),
        failures: Mapping[str, StartFailure] | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint, code=code, service=service)
        self.details = tuple(details)
        self.failures: Mapping[str, StartFailure] = failures or {}
        """Service → its failure, if known."""

    @classmethod
    def of(cls, failures: Mapping[str, StartFailure]) -> "NotReadyError":
        """The error for services that are not up: the first cause, then those of the others."""
        first, *others = by_cause(failures)
        return cls(
            first.cause,
            where=first.where,
            hint=first.hint,
            code=first.code,
            service=first.service,
            details=[*first.details, *(f"also not up: {other.cause}" for other in others)],
            failures=failures,
        )

    def lines(self) -> list[str]:
        """The message as printed, details indented below `at`."""
        first, *rest = super().lines()
        at = [line for line in rest if line.startswith("  at: ")]
        hint = [line for line in rest if line not in at]
        return [first, *at, *(f"  {line}" for line in self.details), *hint]


def container_failed(
    stack: Stack,
    culprit: Container,
    judged: Impossible,
    *,
    engine: EnginePort,
    others: Mapping[str, Container],
    rule: Rule | None = None,
    usual: float | None = None,
    diagnosis: Diagnosis | None = None,
    since: float | None = None,
) -> StartFailure:
    """The failure of a container that will not become ready; `others` are the other services'.

    `usual` is the number of seconds that it took in earlier runs, `since` the Unix time at which
    this run began. `diagnosis` is the cause, if the facts show it: it replaces the general message.
    """
    service = stack.services[culprit.service]
    why, kind, hint = _explained(culprit, judged, stack, rule)
    details = [_state(culprit)]
    if rule is not None:
        details.append(f"ready means: {rule}")
    if usual is not None:
        details.append(f"it is usually ready after {usual:.1f} s")
    if culprit.health_log:
        health_log = mask(culprit.health_log, stack)
        details.append(f"last health check: {' '.join(health_log.split())[:400]}")
    if rule is not None and rule.kind is Kind.ROUTED and stack.front_door in others:
        # The front door's log comes first: for a 502, the service itself has logged nothing.
        door = others[stack.front_door]
        log = engine.logs(door.id, tail=_DOOR_LINES, since=since)
        details += _door_lines(stack, door, log, service.name, rule.host)
    details += last_log_lines(engine, culprit, f"last lines of {culprit.service}:", LINES, stack)
    for name in service.dependencies:
        if name in others:
            title = f"last lines of {name} ({others[name].state}), which {service.name} depends on:"
            details += last_log_lines(engine, others[name], title, LINES // 4, stack)
    image = stack.given_images.get(service.name, culprit.image_ref)
    return StartFailure(
        service=culprit.service,
        cause=mask(diagnosis.sentence if diagnosis else f"{culprit.service} {why}", stack),
        kind=mask(f"{culprit.service} {kind}", stack),
        where=f"service {culprit.service}, container {culprit.name}, image {image}",
        hint=diagnosis.hint if diagnosis and diagnosis.hint else hint,
        code=judged.code or CODE,
        details=tuple(mask(line, stack) for line in details),
        has_ended=not (culprit.is_running or culprit.oom),
    )


def creation_failed(
    stack: Stack,
    services: Sequence[str],
    output: str,
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None,
    *,
    culprit: str = "",
) -> StartFailure:
    """The failure of a `docker compose up --no-start`; without a service if none is named.

    `culprit` is the failed service, if the caller knows it.
    """
    lines = [line.strip() for line in mask(output, stack).splitlines() if line.strip()]
    text = "\n".join(line for line in lines if "level=warning" not in line)
    cause, values = find_cause(CREATION, text)
    name = culprit or _culprit(stack, services, text, values)
    subject = name or "the stack"
    last = text.splitlines()[-1] if text else "Compose gave no reason"
    what = cause.what.format(**values) if cause else f"could not be created: {last}"
    fallback = compose_command(stack, "up", "--no-start", services=[name] if name else [])
    hint = hint_of(cause, stack, name, values) if cause else fallback
    diagnosis = diagnose(Failure(services=(name,), is_start=True, refusal=text)) if name else None
    return StartFailure(
        service=name,
        cause=mask(diagnosis.sentence, stack) if diagnosis else f"{subject} {what}",
        kind=f"{subject} {what if cause else 'could not be created'}",
        where=_key(stack, name),
        hint=diagnosis.hint if diagnosis else hint,
        details=tuple(_quoted("Compose says:", text.splitlines()[-6:])),
    )


def mask(text: str, stack: Stack) -> str:
    """The text with the stack's secrets masked; the value of a variable becomes `${NAME}`."""
    return redact_named(text, named_secrets(stack))


def last_log_lines(
    engine: EnginePort,
    container: Container,
    title: str = "",
    count: int = LINES,
    stack: Stack | None = None,
) -> list[str]:
    """The last log lines of a container, quoted, below a title; secrets are masked first."""
    title = title or f"last lines of {container.service}:"
    text = engine.logs(container.id, tail=count)
    if isinstance(text, Unknown):
        return [f"{title.removesuffix(':')}: {text.why}"]
    text = text if stack is None else mask(text, stack)
    lines = [line.rstrip() for line in text.splitlines()]
    return _quoted(title, lines) if lines else [f"{title.removesuffix(':')}: it wrote none"]


# Private

_DOOR_LINES = 200
_CURES = {"paused": ("unpause",), "removed": ("up", "-d")}
"""State of a container → the command of Compose with which it runs again."""
_UNREACHABLE = re.compile(
    r"upstream|dial tcp|connect\(\)|no such host|refused|bad gateway", re.IGNORECASE
)


def _explained(
    culprit: Container, judged: Impossible, stack: Stack, rule: Rule | None
) -> tuple[str, str, str]:
    """The cause, the cause without the engine's own message, and the next command."""
    name = culprit.service
    text = mask(culprit.error, stack)
    known, facts = find_cause(START, text)
    if known:
        what = known.what.format(**facts)
        return what, what, hint_of(known, stack, name, facts)
    if text:
        hint = compose_command(stack, "up", services=[name])
        return f"{judged.cause}: {text}", judged.cause, hint
    hint = judged.hint or _next_command(culprit, judged.cause, stack, rule)
    return judged.cause, judged.cause, hint


def _next_command(culprit: Container, cause: str, stack: Stack, rule: Rule | None) -> str:
    name, state = culprit.service, culprit.state
    if culprit.oom:
        return f"raise the memory limit of services.{name}, or give it less to do"
    if state in _CURES:
        return compose_command(stack, *_CURES[state], services=[name])
    is_loop = "restart loop" in cause
    if culprit.exit_code == 0 and (is_loop or state == "exited"):
        once = f"services.{name}.restart: on-failure in the compose file and " if is_loop else ""
        return f'if {name} is a job: {once}services.{name}.ready = "exited(0)" in stacktest.toml'
    if is_loop or not culprit.is_running:
        return log_command(stack, name, is_temporary=culprit.is_temporary)
    return _rule_hint(culprit, cause, stack, rule)


def _rule_hint(culprit: Container, cause: str, stack: Stack, rule: Rule | None) -> str:
    """The hint for a program that runs but does not satisfy its readiness rule."""
    name, kind = culprit.service, rule.kind if rule is not None else None
    if culprit.health == "unhealthy" and kind is Kind.HEALTHY:
        config = compose_command(stack, "config", services=[name])
        return (
            f"if it only needs longer to start, raise services.{name}.healthcheck.start_period "
            "in the compose file; else correct its health check"
            + (f", which is shown by: {config}" if config else "")
        )
    if not culprit.health and "health check" in cause:
        return f"give services.{name} a healthcheck, or another `ready` in stacktest.toml"
    if kind is Kind.LISTENING:
        return (
            f'if {name} is ready without listening there, services.{name}.ready = "running" '
            f"in stacktest.toml; else raise services.{name}.timeout"
        )
    return f"raise services.{name}.timeout in stacktest.toml, or correct `ready`"


def _door_lines(
    stack: Stack, door: Container, text: str | Unknown, service: str, host: str
) -> list[str]:
    """The lines of the front door's log `text` about a service that it could not reach."""
    if isinstance(text, Unknown):
        return []
    lines = [line for line in mask(text, stack).splitlines() if _UNREACHABLE.search(line)]
    others = {route.host for route in stack.routes} - {host}
    about = [line for line in lines if service in line or host in line]
    about = about or [line for line in lines if not any(other in line for other in others)]
    return _quoted(f"last lines of {door.service} about it:", about[-3:]) if about else []


def _state(container: Container) -> str:
    code = "" if container.exit_code is None else f"exit code {container.exit_code}, "
    killed = "a process of it killed for memory" if container.is_running else "killed for memory"
    memory = killed if container.oom else "not killed for memory"
    restarts = container.restart_count
    count = "1 restart" if restarts == 1 else f"{restarts} restarts"
    return f"{container.state}, {code}{memory}, {count}"


def _quoted(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f"  | {line[:300]}" for line in lines)]


def _culprit(stack: Stack, services: Sequence[str], text: str, facts: Mapping[str, str]) -> str:
    """The service that the message is about: by its name, its image, its files, its networks."""
    candidates = sorted(
        (stack.services[name] for name in services), key=lambda service: service.name
    )
    # The output also names services whose build succeeded: search for the failed one first.
    for pattern in (r"^(?:target {0}:|> \[{0} )", r"^(?:{0} (?:Error|Warning)|#\d+ \[{0} )"):
        for service in candidates:
            if re.search(pattern.format(re.escape(service.name)), text, re.MULTILINE):
                return service.name
    built = [service.name for service in candidates if service.build]
    if "start_interval" in text:
        return next((item.name for item in candidates if _has_start_interval(item)), "")
    if len(built) == 1 and "failed to solve" in text:
        # Newer Compose names the service only if it builds several.
        return built[0]
    return next((item.name for item in candidates if _concerns(item, stack, text, facts)), "")


def _has_start_interval(service: Service) -> bool:
    return "start_interval" in ((service.definition or {}).get("healthcheck") or {})


def _concerns(service: Service, stack: Stack, text: str, facts: Mapping[str, str]) -> bool:
    repository = re.sub(r"(:[^/:]+)?(@.*)?$", "", service.image)
    if repository and re.search(rf"(?<![\w/.-]){re.escape(repository)}(?![\w/-]|\.\w)", text):
        return True
    if service.container_name and service.container_name == facts.get("name"):
        return True
    if facts.get("container") in joined_containers(service):
        return True
    paths = [mount.source for mount in service.mounts] + [file.path for file in service.files]
    if service.build:
        paths.append(service.build.context)
    if any(path and path.startswith("/") and path in text for path in paths):
        return True
    network = facts.get("network", "")
    names = {
        str((stack.definitions.get("networks", {}).get(key) or {}).get("name", key))
        for key in service.networks
    }
    volume = facts.get("volume") or facts.get("other") or ""
    volumes = {
        str((stack.definitions.get("volumes", {}).get(mount.source) or {}).get("name", ""))
        for mount in service.mounts
    }
    return bool(network and network in names) or bool(volume and volume in volumes)


def _key(stack: Stack, name: str) -> str:
    files = ", ".join(stack.compose_files)
    return f"services.{name} in {files}" if name else files
