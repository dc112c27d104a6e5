"""Connects to ports that the stack does not publish, and runs commands in its containers.

    the host is on the network itself      direct connection to the container's address
    it is not (rootless, remote, Desktop)  through `nc` or bash in a container on that network

The first is the case with an ordinary engine on Linux. A container's address is used only if this
host has the network's own bridge: with a rootless engine the same address may belong to another
machine, or to a container of another engine.
"""

from stacktest.adapters.network.connect import Connect, Connector
from stacktest.adapters.network.container_ports import ContainerPorts
from stacktest.adapters.network.probe_container import ProbeContainer, ProbeContainers
from stacktest.adapters.network.reachability import OPEN, REACHES, Reach, reach
from stacktest.adapters.network.service_access import ServiceAccess

__all__ = [
    "OPEN",
    "REACHES",
    "Connect",
    "Connector",
    "ContainerPorts",
    "ProbeContainer",
    "ProbeContainers",
    "Reach",
    "ServiceAccess",
    "reach",
]
