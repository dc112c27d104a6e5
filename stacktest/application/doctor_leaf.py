"""Checks the certificate that the running front door presents for each host name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.application.checkup import Checkup
from stacktest.core.model import Stack
from stacktest.core.routing import HTTPS
from stacktest.reports.wording import count

if TYPE_CHECKING:
    from stacktest.adapters.names import NameMap
    from stacktest.adapters.tls import CertificateFacts

EXPIRES_SOON = 14
"""Days before its end from which an expiring certificate is reported."""
LEFT = 1 / 6
"""Part of a certificate's lifetime that must be left: automatic renewal leaves more. It decides for
short lifetimes; a certificate made by Caddy lives for half a day."""
LEAF_TIMEOUT = 3.0
"""Seconds that the front door gets for one handshake."""


def check_leaves(stack: Stack, names: NameMap, ca: Path | None, now: datetime) -> Checkup:
    """Check the certificates of all host names that the front door answers."""
    from stacktest.adapters.tls import certificate_facts

    ports = _tls_ports(stack, names)
    if not ports and HTTPS not in names.doors:
        door = stack.services.get(stack.front_door)
        is_later = door is not None and any(port.target == HTTPS for port in door.ports)
        message = f"the front door {'does not run' if is_later else 'publishes no port 443'}"
        return Checkup(subject="leaf", is_fine=True, message=message)
    facts: dict[str, CertificateFacts] = {}
    for host, port in sorted(ports.items()):
        address = names.resolve(host, port)
        if isinstance(address, tuple):
            try:
                facts[host] = certificate_facts(host, address, ca, timeout=LEAF_TIMEOUT)
            except OSError as error:
                silent = f"not known: no TLS answer for {host} ({error.strerror or error})"
                return Checkup(subject="leaf", is_fine=True, message=silent)
    return _judge(facts, now)


# Private


def _tls_ports(stack: Stack, names: NameMap) -> dict[str, int]:
    """Exact host name -> the published port at which the front door speaks TLS for it."""
    # A certificate is made for the stack's names; health checks ask for `localhost` without it.
    routes = [route for route in stack.routes if route.is_exact and route.host != "localhost"]
    hosts = {route.host for route in routes}
    if HTTPS in names.doors:
        return dict.fromkeys(hosts, HTTPS)
    return {
        route.host: listener.port
        for route in routes
        for listener in route.listeners
        if listener.tls and listener.port in names.doors
    }


def _judge(facts: Mapping[str, CertificateFacts], now: datetime) -> Checkup:
    for host, leaf in facts.items():
        if not leaf.verified:
            return Checkup(
                subject="leaf",
                is_fine=False,
                message=f"{host}: {leaf.why}",
                fix="renew the certificate"
                if leaf.days_left(now) < 0
                else "sign the certificate by the CA under [stack], for this name",
                exit_code=2,
            )
        days = leaf.days_left(now)
        if days < min(EXPIRES_SOON, leaf.days_left(leaf.not_before) * LEFT):
            left = count(round(days), "day") if days >= 1 else count(round(days * 24), "hour")
            return Checkup(
                subject="leaf",
                is_fine=False,
                message=f"{host}: expires in {left}",
                fix="renew the certificate",
            )
    strict = {host: leaf.strict_why for host, leaf in facts.items() if leaf.strict_why}
    if strict:
        host, why = next(iter(strict.items()))
        return Checkup(
            subject="leaf",
            is_fine=False,
            message=f"{host}: {why}; stacktest and browsers accept it, programs that verify "
            "strictly (Python 3.13 and later) do not",
            fix="sign it with subject and authority key identifiers "
            "(openssl x509 -extfile with authorityKeyIdentifier=keyid)",
        )
    summary = f"{count(len(facts), 'host name')}, verified"
    return Checkup(subject="leaf", is_fine=True, message=summary)
