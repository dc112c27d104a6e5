"""An engine as on another machine: nothing here reaches its networks, and they reach nothing here.

Its socket is where an engine's socket usually is, for the services that are given it. Names of other
networks are refused at once: Docker's own resolver leaves a question open where nobody answers, and
programs then wait for minutes.
"""

import socketserver
import subprocess
import sys
from pathlib import Path

import dns.message
import dns.rcode

from campaigns.own_engine import OwnEngine

SCRIPT = """\
ip link set lo up && mount -t tmpfs none /run && echo nameserver 127.0.0.1 >/run/resolv.conf \\
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


class Refusal(socketserver.BaseRequestHandler):
    """One question to the name server."""

    def handle(self) -> None:
        """Refuse it."""
        data, socket = self.request
        response = dns.message.make_response(dns.message.from_wire(data))
        response.set_rcode(dns.rcode.REFUSED)
        socket.sendto(response.to_wire(), self.client_address)


if __name__ == "__main__":
    with socketserver.UDPServer(("127.0.0.1", 53), Refusal) as server:
        server.serve_forever()
