"""An engine as on another machine: nothing here reaches its networks, and they reach nothing here.

Its socket is where an engine's socket usually is, for the services that are given it. Names of other
networks do not exist there (NXDOMAIN): Docker's own resolver leaves a question open where nobody
answers or where the answer is REFUSED, and programs then wait for minutes.
"""

import socketserver
import subprocess
import sys
from pathlib import Path

import dns.message
import dns.rcode

from campaigns.own_engine import OwnEngine

NAME_SERVER = "192.0.2.53"
"""Not a loopback address: the engine asks that of a container with `dns_opt` inside the container."""
SCRIPT = f"""\
ip link set lo up && ip address add {NAME_SERVER}/32 dev lo && mount -t tmpfs none /run \\
  && echo nameserver {NAME_SERVER} >/run/resolv.conf \\
  && mount --bind /run/resolv.conf /etc/resolv.conf && exec "$@" --host=unix:///run/docker.sock
"""


class OtherEngine(OwnEngine):
    """An engine in a network and a mount namespace of its own."""

    options = ()
    apart = ("unshare", "--net", "--mount", "--", "sh", "-c", SCRIPT, "sh")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._names: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and its name server, and return when it answers."""
        super().start()
        self._names = subprocess.Popen([*self.inside, sys.executable, "-m", __spec__.name])

    def stop(self) -> None:
        """End both."""
        if self._names is not None:
            self._names.terminate()
            self._names.wait(timeout=10)
            self._names = None
        super().stop()


class UnknownName(socketserver.BaseRequestHandler):
    """One question to the name server."""

    def handle(self) -> None:
        """Answer that the name does not exist."""
        data, socket = self.request
        response = dns.message.make_response(dns.message.from_wire(data))
        response.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(response.to_wire(), self.client_address)


if __name__ == "__main__":
    with socketserver.UDPServer((NAME_SERVER, 53), UnknownName) as server:
        server.serve_forever()
