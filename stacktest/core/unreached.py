"""Why a front door does not reach a service, and will not by waiting, from what is seen of both.

A program that listens nowhere may still be starting. One that listens at other ports than its
routes ask for has started, unless it opens another port soon: it has to be seen for a while.
"""

from collections.abc import Collection

from msgspec import Struct


class Sight(Struct, frozen=True, kw_only=True):
    """What is seen of a service behind the front door."""

    asked: frozenset[int]
    """Ports that its routes lead to."""
    open_ports: frozenset[int]
    """Where it listens for others."""
    local_ports: frozenset[int] = frozenset()
    """Where it listens for itself alone."""
    networks: Collection[str] = ()
    door_networks: Collection[str] = ()


def are_apart(networks: Collection[str], others: Collection[str]) -> bool:
    """Whether two containers have networks, and none in common."""
    shares = not set(networks).isdisjoint(others) or "host" in {*networks, *others}
    return bool(networks and others) and not shares


def unreached(sight: Sight) -> str:
    """What is against it, as a clause about the service; empty while a start may change it."""
    if are_apart(sight.networks, sight.door_networks):
        return "shares no network with the front door"
    listening = sight.open_ports or sight.local_ports
    if not sight.asked or not listening or sight.asked & sight.open_ports:
        return ""
    alone = "" if sight.open_ports else " for itself alone"
    return f"listens at {_listed(listening)}{alone}, its routes ask for {_listed(sight.asked)}"


# Private


def _listed(ports: Collection[int]) -> str:
    return " and ".join(map(str, sorted(ports)))
