"""A browser server as it is on another machine: Playwright's own, in a network of its own.

The namespace has one link to this machine and no route beyond it: neither this machine's loopback
nor the networks of containers can be reached from there. Chromium is the one that is installed, put
where Playwright looks for its own build.
"""

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import playwright
from playwright.sync_api import sync_playwright

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.browser.chromium_trust import browser_home
from stacktest.adapters.browser.relay import Relay
from stacktest.core.browser_endpoint import Endpoint

DRIVER = Path(playwright.__file__).parent / "driver"
TOKEN = "ServerToken-Canary-51"
PORT = 3000
PATIENCE = 30.0
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class BrowserServer:
    """A server that runs."""

    url: str
    process: int
    """Its number: killed, it dies as a machine does, without a word."""
    enter: tuple[str, ...] = ()
    """The command in front of a program that has to run on the server's machine."""

    @property
    def shown(self) -> str:
        """Its address without the token."""
        return self.url.rpartition("/")[0]


@contextmanager
def browser_server(
    folder: Path,
    ca: Path | None,
    *,
    version: str = "",
    host: str = "",
    beforehand: bool = False,
) -> Iterator[BrowserServer]:
    """A server whose Chromium trusts `ca`; with `host`, on this machine's own network.

    `version` is what it calls itself, `beforehand` starts its browser before anybody connects.
    """
    with ExitStack() as stack:
        enter: tuple[str, ...] = ()
        if not host:
            enter, host = stack.enter_context(_other_machine())
        port = PORT if enter else _free_port()
        argv = ["run-server", "--host", host, "--port", str(port), "--path", f"/{TOKEN}"]
        if beforehand:
            settings = folder / "server.json"
            settings.write_text(json.dumps({"host": host, "port": port, "wsPath": f"/{TOKEN}"}))
            argv = ["launch-server", "--browser", "chromium", "--config", str(settings)]
        driver = _driver(folder, version) if version else DRIVER
        process = subprocess.Popen(
            [*enter, str(DRIVER / "node"), str(driver / "package/cli.js"), *argv],
            env=_environment(folder, ca),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        _await_port(host, port)
        yield BrowserServer(f"ws://{host}:{port}/{TOKEN}", process.pid, enter)


@contextmanager
def browser_network(server: BrowserServer, proxy: str) -> Iterator[str]:
    """The network that the server gives to a browser, as the address of a proxy for any other one.

    `server` is on this machine; `proxy` is where this side opens the connections.
    """
    address = urlsplit(proxy)
    relay = Relay(Endpoint(server.url), (address.hostname or "", address.port or 0))
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.connect(relay.start())
            yield _network_of_a_child(server.process)
            browser.close()
    finally:
        relay.stop()


# Private


def _network_of_a_child(process: int) -> str:
    """Which proxy the browser was told to use that the server started."""
    pattern = re.compile(r"--proxy-server=(socks5://127\.0\.0\.1:\d+)")
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    found = (pattern.search(Path(f"/proc/{child}/cmdline").read_text()) for child in children)
    return next(match[1] for match in found if match)


@contextmanager
def _other_machine() -> Iterator[tuple[tuple[str, ...], str]]:
    """The command that enters it, and its address."""
    number = (os.getpid() * 8 + next(_NUMBERS)) % 16384
    name, link = f"tnet-{number}", f"tnetb{number}"
    ours, theirs = (f"198.18.{number // 64}.{number % 64 * 4 + last}" for last in (1, 2))
    enter = ("ip", "netns", "exec", name)
    _do("ip", "netns", "add", name)
    try:
        _do("ip", "link", "add", link, "type", "veth", "peer", "name", "there", "netns", name)
        _do("ip", "address", "add", f"{ours}/30", "dev", link)
        _do("ip", "link", "set", link, "up")
        _do(*enter, "ip", "address", "add", f"{theirs}/30", "dev", "there")
        _do(*enter, "ip", "link", "set", "there", "up")
        _do(*enter, "ip", "link", "set", "lo", "up")
        yield enter, theirs
    finally:
        _do("ip", "netns", "delete", name)


def _do(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment(folder: Path, ca: Path | None) -> Mapping[str, str]:
    home = browser_home(ca, folder / "home")
    trust = {"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {}
    browsers = folder / "browsers"
    with sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
    revision = own.parent.parent.name.replace("chromium-", "chromium_headless_shell-")
    place = browsers / revision / "chrome-headless-shell-linux64/chrome-headless-shell"
    place.parent.mkdir(parents=True, exist_ok=True)
    program = find_chromium(headless=True)
    assert program, "no Chromium is installed: make setup"
    if not place.exists():
        place.symlink_to(program)
    return {**os.environ, **home, **trust, "PLAYWRIGHT_BROWSERS_PATH": str(browsers)}


def _driver(folder: Path, version: str) -> Path:
    """A copy of the driver that calls itself another version."""
    copy = folder / "driver"
    shutil.copytree(DRIVER / "package", copy / "package")
    description = copy / "package/package.json"
    text = json.loads(description.read_text())
    description.write_text(json.dumps({**text, "version": version}))
    return copy


def _await_port(host: str, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
