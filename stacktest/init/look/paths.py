"""The paths requested from a running stack: common ones, and those in the stack's own files."""

import re

from stacktest.core.model import Service, Stack
from stacktest.init.look.findings import LANDING, NOWHERE
from stacktest.init.programs import recognise

COMMON = (
    LANDING,
    NOWHERE,
    *("/health", "/healthz", "/api/health", "/ping", "/api/version", "/version", "/manifest.json"),
)


def paths_to_ask(stack: Stack) -> tuple[str, ...]:
    """Every path once; each is requested from all services, to compare their answers."""
    services = stack.services.values()
    answers = [program.answer for service in services if (program := recognise(service))]
    known = [answer.path for answer in answers if answer]
    checked = [path for service in services for path in health_paths(service)]
    return tuple(dict.fromkeys((*COMMON, *known, *checked)))


def health_paths(service: Service) -> tuple[str, ...]:
    """Paths in the URLs of the service's health check."""
    definition = service.definition if isinstance(service.definition, dict) else {}
    test = (definition.get("healthcheck") or {}).get("test") or ()
    words = " ".join(test) if isinstance(test, list) else str(test)
    return tuple(dict.fromkeys(match[1] for match in _URL.finditer(words)))


def listening_ports(table: str) -> frozenset[int]:
    """Ports in `/proc/net/tcp` and `tcp6` that are listened at on more than the loopback."""
    ports = set()
    for line in table.splitlines():
        match = _LISTENER.match(line)
        if match and match[1] not in _LOOPBACK:
            ports.add(int(match[2], 16))
    return frozenset(ports)


# Private

_URL = re.compile(r"https?://[^/\s'\"]+(/[^\s'\"|;)&?]+)")
_LISTENER = re.compile(r"\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) 0+:0000 0A ")
_LOOPBACK = frozenset({"0100007F", "00000000000000000000000001000000", "0B00007F"})
"""127.0.0.1, ::1, and the engine's own name server."""
