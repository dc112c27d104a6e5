"""Probe containers: containers on the stack's networks in which `nc` or bash opens connections.

A probe is a container of the probe image, labelled as stacktest's own: removed at the end, by a
reaper if this process is killed, and ended by itself after an hour at the latest. If that image is
not available, a container of the stack is used, without changing anything in it.
"""

import threading
from collections.abc import Mapping

from msgspec import Struct

from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.engine.reaper import Reaper
from stacktest.core.model import Stack
from stacktest.errors import ToolMissingError

LIFETIME = 3600
"""Seconds after which a probe ends by itself, in case it is not removed."""
TOOLS = {
    "nc": "command -v nc && nc -h 2>&1 | grep -q -- -N",
    "bash": "command -v bash",
}
"""Program → the command that tests for it; `nc` must be able to close one direction (`-N`)."""


class ProbeContainer(Struct, frozen=True, kw_only=True):
    """A container on a network, and the program in it that opens connections."""

    container: str
    tool: str
    is_own: bool


class ProbeContainers:
    """One probe container per network, created when first needed; `close` removes them.

    `labels` are of this process only: containers that carry all of them are removed with it.
    """

    def __init__(
        self, model: Stack, engine: EnginePort, *, image: str, labels: Mapping[str, str]
    ) -> None:
        self._model, self._engine, self._image, self._labels = model, engine, image, labels
        self._reaper: Reaper | None = None
        self._by_network: dict[str, ProbeContainer] = {}
        self._lock = threading.Lock()

    def on(self, network: str) -> ProbeContainer:
        """The probe container on a network, given by the engine's name of the network."""
        with self._lock:
            if network not in self._by_network:
                self._by_network[network] = self._start(network) or self._borrowed(network)
            return self._by_network[network]

    def close(self) -> None:
        """Remove the containers that this object created, and no others."""
        with self._lock:
            own = [probe.container for probe in self._by_network.values() if probe.is_own]
            self._by_network.clear()
        for container in own:
            self._engine.remove(container)
        if self._reaper is not None:
            self._reaper.disarm()
            self._reaper = None

    # Private

    def _start(self, network: str) -> ProbeContainer | None:
        if not self._image:
            return None
        if self._reaper is None:
            self._reaper = reaper.arm(self._engine.connection, self._labels)
        labels = {**self._labels, "stacktest.probe": network}
        container = self._engine.start_probe(
            self._image, network=network, labels=labels, lifetime=LIFETIME
        )
        if container is None:
            return None
        return ProbeContainer(container=container, tool=self._tool(container) or "nc", is_own=True)

    def _borrowed(self, network: str) -> ProbeContainer:
        for container in self._engine.containers(self._model.name):
            if container.is_running and network in container.networks:
                tool = self._tool(container.id)
                if tool:
                    return ProbeContainer(container=container.id, tool=tool, is_own=False)
        raise ToolMissingError(
            f"nothing on network {network} can open a connection: the probe image "
            f"'{self._image or '(none)'}' is absent, and no container there has nc or bash",
            where="stacktest.toml:stack.probe_image",
            hint="name an image with nc as `probe_image` under [stack]",
        )

    def _tool(self, container: str) -> str:
        for tool, test in TOOLS.items():
            command = ["sh", "-c", f"command -v timeout && command -v getent && {test}"]
            if self._engine.execute(container, command)[0] == 0:
                return tool
        return ""
