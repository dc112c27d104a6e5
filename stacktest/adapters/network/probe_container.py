"""A container on a network of the stack in which `nc` or bash opens connections.

It is a container of the probe image, labelled as stacktest's own: removed at the end, by a reaper
when this process is killed, and gone by itself after an hour at the latest. Where that image is not
to be had, a container of the stack serves, in which nothing is changed.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.reaper import Watchdog
from stacktest.adapters.network.engine import EngineLike, sdk
from stacktest.core.model import Stack
from stacktest.errors import StacktestError, ToolMissingError

LIFETIME = 3600
"""Seconds after which a probe ends by itself, should nobody be left to remove it."""
TOOLS = {
    "nc": "command -v nc && nc -h 2>&1 | grep -q -- -N",
    "bash": "command -v bash",
}
"""Program → whether a container has it; of several kinds of nc, one that can end one direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeContainer:
    """A container on a network, and the program in it that opens connections."""

    container: str
    tool: str
    is_own: bool


class ProbeContainers:
    """One probe per network, made when first needed; close it to remove its containers.

    `labels` are of this process alone: what carries them all does not survive it.
    """

    def __init__(
        self, model: Stack, engine: EngineLike, *, image: str, labels: Mapping[str, str]
    ) -> None:
        self._model, self._engine, self._image, self._labels = model, engine, image, labels
        self._reaper: Watchdog | None = None
        self._probes: dict[str, ProbeContainer] = {}
        self._lock = threading.Lock()

    def on(self, network: str) -> ProbeContainer:
        """The probe on a network, named as the engine names it."""
        with self._lock:
            if network not in self._probes:
                self._probes[network] = self._probe(network) or self._borrowed(network)
            return self._probes[network]

    def close(self) -> None:
        """Remove the containers that were made here, and no others."""
        with self._lock:
            own = [probe.container for probe in self._probes.values() if probe.is_own]
            self._probes.clear()
        if own:
            client = sdk(self._engine)
            try:
                for container in own:
                    _remove(client, container)
            finally:
                client.close()
        if self._reaper is not None:
            self._reaper.disarm()
            self._reaper = None

    # Private

    def _probe(self, network: str) -> ProbeContainer | None:
        if not self._image:
            return None
        from docker.errors import APIError, ImageNotFound

        if self._reaper is None:
            self._reaper = reaper.arm(self._engine.socket.address, self._labels)
        client = sdk(self._engine)
        try:
            created = client.create_container(
                self._image,
                command=["sleep", str(LIFETIME)],
                labels={**self._labels, "stacktest.probe": network},
                host_config=client.create_host_config(
                    network_mode=network,
                    auto_remove=True,
                    init=True,
                    cap_drop=["ALL"],
                    security_opt=["no-new-privileges"],
                ),
            )
            client.start(created["Id"])
        except ImageNotFound:
            return None
        except APIError as error:
            raise StacktestError(
                f"no probe can be started on network {network}: {error.explanation}",
                where=self._image,
                hint="stacktest doctor",
            ) from error
        finally:
            client.close()
        return ProbeContainer(
            container=created["Id"], tool=self._tool(created["Id"]) or "nc", is_own=True
        )

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
        for tool, has in TOOLS.items():
            check = ["sh", "-c", f"command -v timeout && command -v getent && {has}"]
            if self._engine.execute(container, check)[0] == 0:
                return tool
        return ""


# Private


def _remove(client: object, container: str) -> None:
    from docker.errors import NotFound

    try:
        client.remove_container(container, force=True)  # type: ignore[attr-defined]
    except NotFound:
        # It removes itself when it ends.
        return
