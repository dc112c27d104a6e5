"""Asks a service whether it answers: one connection or one GET, no retries.

Goes through the published port where there is one, else to the container's own address where this
host reaches it, else through a container beside it.
"""

import http.client
import socket

from stacktest.adapters.network.connect import Connect, Connector
from stacktest.adapters.network.port_forward import PortForward
from stacktest.core.model import Service
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Kind, Rule

PATIENCE = 3.0
"""Seconds for one attempt."""


def ask(rule: Rule, service: Service, port: int, container: Container, connector: Connector) -> str:
    """Empty when the service satisfies a tcp or http rule, else why it does not.

    Raises StacktestError when it can be reached neither from here nor from beside it.
    """
    if address := _published(service, port):
        return _ask_at(rule, *address)
    if own := connector.address(container.id):
        return _ask_at(rule, own, port)
    return _ask_beside(rule, port, connector.to(container.id))


# Private


def _published(service: Service, target: int) -> tuple[str, int] | None:
    for port in service.ports:
        if port.target == target and port.published is not None and port.protocol == "tcp":
            any_address = port.host_ip in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
            return ("127.0.0.1" if any_address else port.host_ip, port.published)
    return None


def _ask_at(rule: Rule, host: str, port: int) -> str:
    if rule.kind is Kind.HTTP:
        return _get(rule, (host, port), f"{host}:{port}")
    try:
        with socket.create_connection((host, port), timeout=PATIENCE):
            return ""
    except OSError as error:
        return _refused(f"{host}:{port}", error)


def _ask_beside(rule: Rule, port: int, connect: Connect) -> str:
    try:
        connect(port).close()
    except OSError as error:
        return _refused(f"the container:{port}", error)
    if rule.kind is not Kind.HTTP:
        return ""
    forward = PortForward(connect, port, on_answer=lambda: None)
    try:
        return _get(rule, forward.address, f"the container:{port}")
    finally:
        forward.close()


def _refused(where: str, error: OSError) -> str:
    return f"nothing accepts a connection on {where} ({error})"


def _get(rule: Rule, address: tuple[str, int], where: str) -> str:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.request("GET", rule.path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {where}{rule.path} ({error})"
    finally:
        connection.close()
    return "" if status == rule.code else f"GET {rule.path}: status ({status}) == {rule.code}"
