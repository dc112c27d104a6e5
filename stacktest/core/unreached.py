"""Why a front door cannot reach a service, and waiting will not help, from ports and networks.

A program without an open port may still be starting. A program that listens at other ports than
its routes lead to has started, unless it opens another port soon: callers observe it for a while.
"""

from collections.abc import Collection

from msgspec import Struct


class UpstreamFacts(Struct, frozen=True, kw_only=True):
    """Observed ports and networks of a service behind the front door."""

    routed_ports: frozenset[int]
    """Ports that its routes lead to."""
    open_ports: frozenset[int]
    """Ports where it listens for other containers."""
    local_ports: frozenset[int] = frozenset()
    """Ports where it listens only inside its own container."""
    networks: Collection[str] = ()
    door_networks: Collection[str] = ()


def are_apart(networks: Collection[str], others: Collection[str]) -> bool:
    """Whether both containers have networks, but no common one."""
    shares = not set(networks).isdisjoint(others) or "host" in {*networks, *others}
    return bool(networks and others) and not shares


def unreached(facts: UpstreamFacts) -> str:
    """Why the front door cannot reach it, as a clause about the service; empty: it still may."""
    if are_apart(facts.networks, facts.door_networks):
        return "shares no network with the front door"
    listening = facts.open_ports or facts.local_ports
    if not facts.routed_ports or not listening or facts.routed_ports & facts.open_ports:
        return ""
    alone = "" if facts.open_ports else " for itself alone"
    return (
        f"listens at {_listed(listening)}{alone}, its routes ask for {_listed(facts.routed_ports)}"
    )


# Private


def _listed(ports: Collection[int]) -> str:
    return " and ".join(map(str, sorted(ports)))
