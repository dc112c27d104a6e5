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


# Private

_URL = re.compile(r"https?://[^/\s'\"]+(/[^\s'\"|;)&?]+)")
