"""Counts packets of a project's networks that are seen where they should not be."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path

from campaigns.docker_command import docker

ETH_P_IP = 0x0800
SOURCE, TARGET = slice(26, 30), slice(30, 34)
"""Where an Ethernet frame has the addresses of IPv4."""
INTERFACES = Path("/sys/class/net")


@dataclass
class Packets:
    """What was seen: packets inside of the networks, and those that left them."""

    inside: int = 0
    dropped: int = 0
    """For addresses elsewhere, seen only where they began: in a network without a way outside."""
    left: list[str] = field(default_factory=list)
    """`source → target on interface` of each packet that left."""
    networks: dict[str, IPv4Network] = field(default_factory=dict)
    """Bridge of each network of the project → its addresses."""
    closed: set[str] = field(default_factory=set)
    """Bridges of networks that are internal: the engine drops what is for elsewhere, and no rule
    gives it another source, so that on other interfaces it would be seen as what it is."""


@contextmanager
def watch_packets(project_prefix: str) -> Iterator[Packets]:
    """Watches every interface of this machine for packets from networks of these projects.

    Needs root. A packet leaves when it is seen on an interface that is neither the bridge of its
    network nor a port of that bridge; where the network is not internal, also when it is for an
    address outside of it.
    """
    packets, ended = Packets(), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)) as listener:
        listener.settimeout(0.5)
        thread = threading.Thread(
            target=_listen, args=(listener, packets, project_prefix, ended), daemon=True
        )
        thread.start()
        try:
            yield packets
        finally:
            ended.set()
            thread.join()


# Private


def _listen(listener: socket.socket, packets: Packets, prefix: str, ended: threading.Event) -> None:
    unknown: set[str] = set()
    while not ended.is_set():
        try:
            frame, (interface, *_) = listener.recvfrom(128)
        except TimeoutError:
            continue
        bridge = _bridge_of(interface)
        if bridge.startswith("br-") and bridge not in packets.networks and bridge not in unknown:
            _learn_networks(packets, prefix)
            unknown |= {bridge} - packets.networks.keys()
        source, target = IPv4Address(frame[SOURCE]), IPv4Address(frame[TARGET])
        home = {name: net for name, net in packets.networks.items() if source in net}
        if not home or source in {next(network.hosts()) for network in home.values()}:
            # The first address of a network is this machine's own.
            continue
        if bridge in home and (target in home[bridge] or _is_for_all(target)):
            packets.inside += 1
        elif bridge in home and bridge in packets.closed:
            packets.dropped += 1
        else:
            packets.left.append(f"{source} → {target} on {interface}")


def _is_for_all(address: IPv4Address) -> bool:
    return address.is_multicast or address == IPv4Address("255.255.255.255")


def _bridge_of(interface: str) -> str:
    """The bridge that an interface is a port of, or its own name."""
    try:
        return (INTERFACES / interface / "master").readlink().name
    except OSError:
        return interface


def _learn_networks(packets: Packets, prefix: str) -> None:
    """Add the bridges of the networks whose name begins with the prefix."""
    listed = docker("network", "ls", "--quiet", "--filter", f"name=^{prefix}").split()
    if not listed:
        return
    try:
        inspected = docker("network", "inspect", *listed)
    except subprocess.CalledProcessError as error:
        # One is gone since; what was found of the others is printed all the same.
        inspected = error.stdout
    for network in json.loads(inspected or "[]"):
        bridge = f"br-{network['Id'][:12]}"
        if network["Internal"]:
            packets.closed.add(bridge)
        for part in network["IPAM"]["Config"] or ():
            if isinstance(subnet := ip_network(part["Subnet"]), IPv4Network):
                packets.networks[bridge] = subnet
