"""Probes a service by one connection or one GET request, without retries.

Connects to the container's own addresses if this host reaches it, else to the published port, else
through a probe container. The engine's port proxy accepts a connection even if no program listens
behind it: there, a connection counts only if it stays open, and if the port also accepts one from
the probe container. Where no probe container is possible, one that stays open counts: then a port
that drops every packet is taken for one that listens.
"""

import http.client
import socket
from collections.abc import Iterable

from stacktest.adapters.network.connect import Connect, Connector
from stacktest.adapters.network.port_forward import PortForward
from stacktest.core.hostnames import before_port
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Kind, PersistentFailure, Rule, probe_port
from stacktest.errors import ToolMissingError

PATIENCE = 3.0
"""Seconds for one attempt."""
OPEN = 0.5
"""Seconds that a connection through a port proxy has to stay open."""


def ask(
    rule: Rule, stack: Stack, container: Container, connector: Connector
) -> str | PersistentFailure:
    """Empty if the service satisfies a rule about a port, else why it does not.

    Raises ToolMissingError if it can be reached neither from this host nor by a probe container.
    """
    service = stack.services[container.service]
    if rule.kind is not Kind.LISTENING:
        port = probe_port(rule, service, stack)
        if port is None:
            # The port of a routed service may be unknown: then the front door's answer is enough.
            # For other rules the probe is impossible, and waiting does not help: no patience.
            return (
                ""
                if rule.kind is Kind.ROUTED
                else PersistentFailure(_NO_PORT, hint=_WRITE, patience=0)
            )
        return _ask_port(rule, stack, container, port, connector)
    answers = [_ask_port(rule, stack, container, port, connector) for port in rule.ports]
    return "" if "" in answers else answers[0]


def host_name(service: Service, stack: Stack, port: int) -> str:
    """The host name of the service's first route, else its name on the stack's networks."""
    if named := stack.named_routes_of(service.name):
        return named[0].host
    return service.name if port == _HTTP_PORT else f"{service.name}:{port}"


# Private

_HTTP_PORT = 80
_NO_PORT = "is to be asked for a path, and neither ports, expose nor a route tell at which port"
_WRITE = 'write it: ready = "http:8080/path"'
_SIGN_IN = frozenset({401, 403, 407})
_MISDIRECTED = 421


def _ask_port(
    rule: Rule, stack: Stack, container: Container, port: int, connector: Connector
) -> str | PersistentFailure:
    service = stack.services[container.service]
    host = host_name(service, stack, port)
    try:
        if own := connector.addresses(container.id):
            return _best(_ask_at(rule, (place, port), host) for place in own)
        if published := _published(service, port):
            where = "{}:{}".format(*published)
            if rule.kind is Kind.HTTP:
                return _get(rule, published, where, host)
            return _stays_open(published, where) or _confirmed(rule, container, port, connector)
        return _ask_from_probe(rule, port, connector.to(container.id), host)
    except OSError as error:
        return _closed(f"the container:{port}", error)


def _published(service: Service, target: int) -> tuple[str, int] | None:
    for port in service.ports:
        if port.target == target and port.published is not None and port.protocol == "tcp":
            any_address = port.host_ip in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
            return ("127.0.0.1" if any_address else port.host_ip, port.published)
    return None


def _best(answers: Iterable[str | PersistentFailure]) -> str | PersistentFailure:
    """Empty if one of the addresses satisfies the rule; else a refusal, else the first answer."""
    first, *others = answers
    if not all((first, *others)):
        return ""
    return next((answer for answer in others if isinstance(answer, PersistentFailure)), first)


def _confirmed(
    rule: Rule, container: Container, port: int, connector: Connector
) -> str | PersistentFailure:
    """Empty if the port accepts a connection from the probe container, too, or there is none.

    A proxy that still dials keeps its side open, even if the port drops every packet.
    """
    try:
        return _ask_from_probe(rule, port, connector.to(container.id), "")
    except ToolMissingError:
        return ""


def _ask_at(rule: Rule, address: tuple[str, int], host: str) -> str | PersistentFailure:
    where = f"{before_port(address[0])}:{address[1]}"
    if rule.kind is Kind.HTTP:
        return _get(rule, address, where, host)
    try:
        with socket.create_connection(address, timeout=PATIENCE):
            return ""
    except OSError as error:
        return _closed(where, error)


def _stays_open(address: tuple[str, int], where: str) -> str:
    """Empty, or an error if the proxy closes the connection at once: nothing listens behind."""
    try:
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.settimeout(OPEN)
            if connection.recv(1) == b"":
                return f"nothing listens behind {where}: the connection was closed at once"
    except TimeoutError:
        return ""
    except OSError as error:
        return _closed(where, error)
    return ""


def _ask_from_probe(rule: Rule, port: int, connect: Connect, host: str) -> str | PersistentFailure:
    try:
        connect(port).close()
    except OSError as error:
        return _closed(f"the container:{port}", error)
    if rule.kind is not Kind.HTTP:
        return ""
    forward = PortForward(connect, port, on_answer=lambda: None)
    try:
        return _get(rule, forward.address, f"the container:{port}", host)
    finally:
        forward.close()


def _closed(where: str, error: OSError) -> str:
    return f"nothing accepts a connection on {where} ({error})"


def _get(rule: Rule, address: tuple[str, int], where: str, host: str) -> str | PersistentFailure:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.request("GET", rule.path, headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {where}{rule.path} ({error})"
    finally:
        connection.close()
    if status == rule.code:
        return ""
    why = f"GET {rule.path}: status ({status}) == {rule.code}"
    if status in _SIGN_IN:
        own = f'ready = "http:{rule.path} {status}"'
        hint = f"name a path that needs no sign-in, or the status itself: {own}"
        return PersistentFailure(f"refuses its readiness probe: {why}", "SK-AUTH", hint)
    if status == _MISDIRECTED:
        hint = f"let the service accept the host name {host}, or use another `ready`"
        return PersistentFailure(f"does not know the host name {host}: {why}", "SK-NAMES", hint)
    return why
