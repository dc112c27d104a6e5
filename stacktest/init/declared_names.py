"""Which programs the services declare host names for, in labels or environment.

traefik              labels traefik.http.routers.NAME.rule
caddy-docker-proxy   labels caddy, caddy_0, …
nginx-proxy          VIRTUAL_HOST, VIRTUAL_HOST_MULTIPORTS in the environment
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from stacktest.core.model import Service, Stack


def declared_by_services(stack: Stack) -> tuple[str, ...]:
    """Values for `routes`: the programs for which services of the stack declare host names."""
    services = stack.services.values()
    return tuple(word for word, declares in _DECLARES.items() if any(map(declares, services)))


def elsewhere(word: str) -> str:
    """The sentence on what is unknown if no service of the compose project is the program."""
    program, names = _PROGRAMS[word]
    return (
        f"where {program} is: {names}, and no service of this compose project is {program}; the "
        "names lead nowhere until `nameserver`, `door` or `front_door` under [stack] says where"
    )


def place_of(stack: Stack, name: str) -> str:
    """`file:line` of a service in the compose files; its key if no line can be found."""
    line_of_name = re.compile(rf"^\s+[\"']?{re.escape(name)}[\"']?\s*:")
    for file in stack.compose_files:
        path = Path(file)
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        number = _number(lines, line_of_name)
        if number:
            is_inside = path.is_relative_to(stack.root)
            return f"{path.relative_to(stack.root) if is_inside else path}:{number}"
    return f"services.{name}"


UNREADABLE: Mapping[str, str] = {
    "npm": "Nginx Proxy Manager keeps that in its database",
    "haproxy": "stacktest does not read the configuration of HAProxy",
    "envoy": "stacktest does not read the configuration of Envoy",
    "nginx-proxy": "no service has a VIRTUAL_HOST",
    "caddy-docker-proxy": "no service has a label caddy",
}
"""Kind of front door → why its host names are not known."""


# Private


_TRAEFIK_RULE = re.compile(r"(?i)traefik\.(?:http\.routers\..+|(?:.+\.)?frontend)\.rule")


def _has_traefik_labels(service: Service) -> bool:
    return any(_TRAEFIK_RULE.fullmatch(label) for label in service.labels)


def _has_caddy_labels(service: Service) -> bool:
    return any(re.fullmatch(r"caddy(_\d+)?", label) for label in service.labels)


def _has_virtual_hosts(service: Service) -> bool:
    return any(
        service.environment.get(name) for name in ("VIRTUAL_HOST", "VIRTUAL_HOST_MULTIPORTS")
    )


_DECLARES: Mapping[str, Callable[[Service], bool]] = {
    "traefik": _has_traefik_labels,
    "caddy-docker-proxy": _has_caddy_labels,
    "nginx-proxy": _has_virtual_hosts,
}
_PROGRAMS = {
    "traefik": ("Traefik", "labels name hosts"),
    "caddy-docker-proxy": ("caddy-docker-proxy", "labels name hosts"),
    "nginx-proxy": ("nginx-proxy", "VIRTUAL_HOST names hosts"),
}


def _number(lines: list[str], line_of_name: re.Pattern[str]) -> int:
    """The number of the first line with the name below `services:`; 0 without one."""
    start = next((n for n, line in enumerate(lines) if line.startswith("services:")), len(lines))
    return next((n for n, line in enumerate(lines, 1) if n > start and line_of_name.match(line)), 0)
