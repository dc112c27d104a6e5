"""Asks a service from the host whether it answers: one connection or one GET, no retries.

Goes through the published port where there is one, else to the container's own address, which the
host can reach only where the engine runs on it with full rights.
"""

import http.client
import socket

from stacktest.core.model import Service
from stacktest.core.observed import Container
from stacktest.core.readiness import Kind, Rule

PATIENCE = 3.0
"""Seconds for one attempt."""


def ask(rule: Rule, service: Service, port: int, seen: Container) -> str:
    """Empty when the service satisfies a tcp or http rule, else why it does not."""
    address = _address(service, port, seen)
    if address is None:
        return f"port {port} is neither published nor on a network"
    return _get(address, rule) if rule.kind is Kind.HTTP else _connect(address)


# Private


def _address(service: Service, port: int, seen: Container) -> tuple[str, int] | None:
    for each in service.ports:
        if each.target == port and each.published is not None and each.protocol == "tcp":
            any_address = each.host_ip in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
            return ("127.0.0.1" if any_address else each.host_ip, each.published)
    own = next((address for address in seen.networks.values() if address), None)
    return (own, port) if own else None


def _connect(address: tuple[str, int]) -> str:
    try:
        with socket.create_connection(address, timeout=PATIENCE):
            return ""
    except OSError as error:
        return f"nothing accepts a connection on {address[0]}:{address[1]} ({error})"


def _get(address: tuple[str, int], rule: Rule) -> str:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.request("GET", rule.path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {address[0]}:{address[1]}{rule.path} ({error})"
    finally:
        connection.close()
    return "" if status == rule.code else f"GET {rule.path}: status ({status}) == {rule.code}"
