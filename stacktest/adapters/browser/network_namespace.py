"""Runs a browser in a network namespace from which only the proxy can be reached.

Chromium aborts every open request with ERR_NETWORK_CHANGED when an address is added on the machine,
and each container that starts adds an address. A network namespace with a loopback and one unused
interface does not change when containers start or stop, and a connection past the proxy fails.

    Chromium ── 127.0.0.1:PORT (in the namespace) ── socket file ── ConnectProxy (outside)

Run as a program, this module is started by `unshare`, and starts the browser.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from stacktest.adapters.process import isolated, run, write_wrapper
from stacktest.adapters.streams import keep_task, pump
from stacktest.errors import ToolMissingError

INTERFACES = """\
link set lo up
link add name quiet0 type veth peer name quiet1
address add 192.0.2.1/30 dev quiet0
link set dev quiet0 addrgenmode none
link set dev quiet1 addrgenmode none
link set quiet1 up
link set quiet0 up
"""
"""With an address besides the loopback's, `navigator.onLine` is true; the range is reserved.

No IPv6 address is generated: it would be added a second later, as one more change.
"""


def in_own_network(program: str, *, socket: Path, port: int, wrapper: Path) -> str:
    """A script that runs `program` in its own network; `program` itself where that is impossible.

    Inside, 127.0.0.1:`port` is forwarded to the socket file, on which the proxy listens.
    """
    entering = _entering()
    if not entering:
        return program
    inner = [*isolated(__name__), str(socket), str(port), program]
    return write_wrapper(wrapper, [*entering, *inner])


def main(argv: list[str]) -> int:
    """Forward the port to the proxy, run the browser, and return its exit code."""
    socket, port, *command = argv
    # If this fails for the interface, `navigator.onLine` is false; only the loopback is needed.
    run(["ip", "-batch", "-"], input=INTERFACES)
    return asyncio.run(_accompany(Path(socket), int(port), command))


# Private


def _entering() -> list[str]:
    """The command that makes the namespace, with the right to set it up; empty: impossible."""
    if not sys.platform.startswith("linux"):
        return []
    entering = ["unshare", "--net"]
    if os.geteuid() != 0:
        entering += ["--user", "--map-current-user", "--keep-caps"]
    try:
        possible = run([*entering, "--", "ip", "link", "set", "lo", "up"]).code == 0
    except ToolMissingError:
        return []
    return [*entering, "--"] if possible else []


async def _accompany(socket: Path, port: int, command: list[str]) -> int:
    connections: set[asyncio.Task[object]] = set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with keep_task(connections):
            proxy_reader, proxy_writer = await asyncio.open_unix_connection(str(socket))
            await asyncio.gather(
                pump(reader, proxy_writer), pump(proxy_reader, writer), return_exceptions=True
            )
            proxy_writer.close()
            writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", port)
    # The call does not block: a thread waits for the browser.
    browser = os.posix_spawnp(command[0], command, os.environ)  # noqa: ASYNC221
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, os.kill, browser, number)
    _, status = await asyncio.to_thread(os.waitpid, browser, 0)
    server.close()
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # Connections of a browser that has ended may still be open: do not wait for them.
    os._exit(code if code >= 0 else 128 - code)
