"""Tells why a stack did not come up: service, cause, its last words, and the next command.

    error: grafana exited 3
      at: service grafana, container demo-grafana-1, image grafana/grafana:11.0.0
      exit code 3, not killed for memory, 0 restarts
      last lines of grafana:
        | cannot open /var/lib/grafana: permission denied
      last lines of postgres (running), which grafana depends on:
        | database system is ready to accept connections
      hint: docker compose run --rm --no-deps grafana

Compose and engine have many words for the same cause; `known_failures` has the usual ones, the rest
is passed on as it is. Values of variables with a secret's name are replaced by the name.
"""

import re
from collections.abc import Mapping, Sequence

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.known_failures import CREATION, START, find_cause
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError

LINES = 20
"""How many last lines of a culprit are shown; of what it depends on, a quarter of that."""


class NotReadyError(StackNotReadyError):
    """A stack that did not come up, with the details between `at` and `hint`."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        service: str = "",
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(what, where=where, hint=hint, service=service)
        self.details = tuple(details)

    def lines(self) -> list[str]:
        """The message as printed, details indented below `at`."""
        first, *rest = super().lines()
        at = [line for line in rest if line.startswith("  at: ")]
        hint = [line for line in rest if line not in at]
        return [first, *at, *(f"  {line}" for line in self.details), *hint]


def container_failed(
    stack: Stack,
    culprit: Container,
    cause: str,
    *,
    engine: EnginePort,
    others: Mapping[str, Container],
    ready: str = "",
    usual: float | None = None,
) -> NotReadyError:
    """The error for a container that will not become ready; `others` are its neighbours.

    `usual` is how many seconds it took in earlier runs.
    """
    service = stack.services[culprit.service]
    why, hint = _explained(culprit, cause, stack)
    details = [_state(culprit)]
    if ready:
        details.append(f"ready means: {ready}")
    if usual is not None:
        details.append(f"it is usually ready after {usual:.1f} s")
    if culprit.health_log:
        details.append(f"last health check: {' '.join(culprit.health_log.split())[:400]}")
    details += last_words(engine, culprit, f"last lines of {culprit.service}:", LINES)
    for name in service.dependencies:
        if name in others:
            title = f"last lines of {name} ({others[name].state}), which {service.name} depends on:"
            details += last_words(engine, others[name], title, LINES // 4)
    return NotReadyError(
        mask(f"{culprit.service} {why}", stack),
        where=f"service {culprit.service}, container {culprit.name}, image {culprit.image_ref}",
        hint=hint,
        service=culprit.service,
        details=[mask(line, stack) for line in details],
    )


def creation_failed(stack: Stack, services: Sequence[str], output: str) -> NotReadyError:
    """The error for a `docker compose up --no-start` that ended badly."""
    lines = [line.strip() for line in mask(output, stack).splitlines() if line.strip()]
    text = "\n".join(line for line in lines if "level=warning" not in line)
    cause, facts = find_cause(CREATION, text)
    name = _culprit(stack, services, text, facts)
    words = {**facts, "service": name or "the stack"}
    last = text.splitlines()[-1] if text else "Compose gave no reason"
    what = cause.what.format(**words) if cause else f"could not be created: {last}"
    hint = cause.hint.format(**words) if cause else f"docker compose up --no-start {name}".strip()
    return NotReadyError(
        f"{words['service']} {what}",
        where=_key(stack, name),
        hint=hint,
        service=name,
        details=_quoted("Compose says:", text.splitlines()[-6:]),
    )


def mask(text: str, stack: Stack) -> str:
    """The text with values of secretly named variables replaced by `${NAME}`."""
    for name, value in _secrets(stack):
        text = text.replace(value, f"${{{name}}}")
    return text


def last_words(
    engine: EnginePort, container: Container, title: str = "", count: int = LINES
) -> list[str]:
    """The last lines that a container wrote, quoted, below a title."""
    title = title or f"last lines of {container.service}:"
    text = engine.logs(container.id, tail=count)
    if isinstance(text, Unknown):
        return [f"{title.removesuffix(':')}: {text.why}"]
    lines = [line.rstrip() for line in text.splitlines()]
    return _quoted(title, lines) if lines else [f"{title.removesuffix(':')}: it wrote none"]


# Private

_SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|PRIVATE|_PWD|SALT", re.IGNORECASE)
_SHORTEST_SECRET = 4


def _explained(culprit: Container, cause: str, stack: Stack) -> tuple[str, str]:
    """The cause in words, and the next command."""
    name = culprit.service
    text = mask(culprit.error, stack)
    known, facts = find_cause(START, text)
    if known:
        words = {**facts, "service": name}
        return known.what.format(**words), known.hint.format(**words)
    if text:
        return f"{cause}: {text}", f"docker compose up {name}"
    return cause, _next_command(culprit, cause)


def _next_command(culprit: Container, cause: str) -> str:
    name = culprit.service
    if culprit.oom:
        return f"raise the memory limit of services.{name}, or give it less to do"
    if culprit.state == "exited" and culprit.exit_code == 0:
        return f'if {name} is a job: services.{name}.ready = "exited(0)" in stacktest.toml'
    if not culprit.is_running:
        return f"docker compose run --rm --no-deps {name}"
    if culprit.health == "unhealthy":
        return f"run its health check by hand: docker compose config {name}"
    if not culprit.health and "health check" in cause:
        return f"give services.{name} a healthcheck, or another `ready` in stacktest.toml"
    return f"raise services.{name}.timeout in stacktest.toml, or correct `ready`"


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
    """The service that the words are about: by its name, its image, its files, its networks."""
    candidates = sorted(
        (stack.services[name] for name in services), key=lambda service: service.name
    )
    # A service whose build succeeded is named too, so what failed is looked for first.
    for pattern in (r"^(?:target {0}:|> \[{0} )", r"^(?:{0} (?:Error|Warning)|#\d+ \[{0} )"):
        for service in candidates:
            if re.search(pattern.format(re.escape(service.name)), text, re.MULTILINE):
                return service.name
    built = [service.name for service in candidates if service.build]
    if len(built) == 1 and "failed to solve" in text:
        # Newer Compose names the service only where it builds several.
        return built[0]
    return next((item.name for item in candidates if _concerns(item, stack, text, facts)), "")


def _concerns(service: Service, stack: Stack, text: str, facts: Mapping[str, str]) -> bool:
    if service.image and service.image in text:
        return True
    if service.container_name and service.container_name == facts.get("name"):
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


def _secrets(stack: Stack) -> list[tuple[str, str]]:
    pairs = {
        (name, value)
        for service in stack.services.values()
        for name, value in service.environment.items()
        if value and len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name)
    }
    return sorted(pairs, key=lambda pair: (-len(pair[1]), pair))
