"""Addresses at which this process reaches containers' ports, for clients of other libraries.

this host is on the network itself     the container's own address
it is not (rootless, remote, Desktop)  a loopback port, forwarded beside the container
"""

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network.connect import Connector, Stream
from stacktest.adapters.network.port_forward import PortForward
from stacktest.adapters.network.probe_container import ProbeContainers
from stacktest.core.model import Stack


class ContainerPorts:
    """Addresses of ports; forwards are open until the process ends, or until `close`.

    They use containers of the stack that have `nc` or bash, without changing anything in them.
    """

    def __init__(self, stack: Stack, engine: EnginePort) -> None:
        probes = ProbeContainers(stack, engine, image="", labels={})
        self._connector = Connector(engine, probes)
        self._forwards: dict[tuple[str, int], PortForward] = {}

    def address(self, container: str, port: int) -> tuple[str, int]:
        """Host and port at which a container's port is reached; OSError if it is gone."""
        if hosts := self._connector.addresses(container):
            return hosts[0], port
        if (container, port) not in self._forwards:

            def connect(port: int) -> Stream:
                # Looked up for each connection: a restarted container may have another address.
                return self._connector.to(container)(port)

            self._forwards[container, port] = PortForward(connect, port, lambda: None)
        return self._forwards[container, port].address

    def close(self) -> None:
        """Close the forwards."""
        for forward in self._forwards.values():
            forward.close()
        self._forwards.clear()
