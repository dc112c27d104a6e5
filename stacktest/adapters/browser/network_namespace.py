"""A network of its own for a browser: nothing in it but the way to the proxy, and nothing changes.

Chromium aborts every open request with ERR_NETWORK_CHANGED when an address appears on the machine,
and each container that starts makes one appear. In a network namespace that holds a loopback and
one quiet interface, containers may come and go; and what tries to go round the proxy finds nobody.

    Chromium ── 127.0.0.1:PORT (in the namespace) ── socket file ── ConnectProxy (outside)

Run as a program, this module is what stands between `unshare` and the browser.
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
"""With an address besides the loopback's, `navigator.onLine` is true; this range is nobody's.

No address is generated for IPv6: it would be announced a second later, as one more change.
"""


def in_own_network(program: str, *, socket: Path, port: int, wrapper: Path) -> str:
    """A program that runs `program` in a network of its own; `program` itself where that cannot be.

    In there, 127.0.0.1:`port` leads to the socket file, on which the proxy listens.
    """
    entering = _entering()
    if not entering:
        return program
    inner = [*isolated(__name__), str(socket), str(port), program]
    return write_wrapper(wrapper, [*entering, *inner])


def main(argv: list[str]) -> int:
    """Open the way to the proxy, run the browser, and end as it ends."""
    socket, port, *command = argv
    # Without the interface a page merely believes that it is offline; the loopback is a must.
    run(["ip", "-batch", "-"], input=INTERFACES)
    return asyncio.run(_accompany(Path(socket), int(port), command))


# Private


def _entering() -> list[str]:
    """The command that makes the namespace and may set up its interfaces, or nothing."""
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
    # Returns at once: the browser is waited for in a thread.
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
    # Connections may still be open towards a browser that is gone: nobody waits for them.
    os._exit(code if code >= 0 else 128 - code)
