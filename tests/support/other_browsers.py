"""Firefox and WebKit as Debian has them, prepared by our own code; each context gives `visit`.

Playwright drives builds of its own, which not every machine can get. The engines are the same, and
so is what is proved with them: what they are told, and what they then trust.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from stacktest.adapters.browser.other_browsers_trust import firefox_environment, with_system_trust
from stacktest.adapters.process import run, write_wrapper

Visit = Callable[[str], str]
"""The text of the page at a URL."""

VIEW = Path(__file__).with_name("webkit_view.py")


class Refused(Exception):  # noqa: N818 - no mistake: what is expected of most pages here
    """The page did not load, with the engine's own word for the reason."""


@contextmanager
def firefox(proxy: str, ca: Path | None, folder: Path) -> Iterator[Visit]:
    """Firefox, driven by WebDriver BiDi."""
    program = shutil.which("firefox-esr")
    assert program, "firefox-esr is not installed: scripts/setup browsers"
    told = firefox_environment(ca, folder).get("PLAYWRIGHT_FIREFOX_POLICIES_JSON")
    argv = [
        _with_policies(program, Path(told), folder) if told else program,
        *("--headless", "--profile", str(folder / "profile"), "--remote-debugging-port", "0"),
    ]
    (folder / "profile").mkdir()
    home = {**os.environ, "HOME": str(folder)}
    with subprocess.Popen(argv, env=home, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = (re.search(r"BiDi listening on (ws://\S+)", line) for line in process.stderr)
            address = next(match[1] for match in found if match)
            # It goes on talking, and would stop at a pipe that nobody reads.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with connect(f"{address}/session", proxy=None) as socket:
                yield _visit_by_bidi(socket, proxy)
        finally:
            process.kill()


@contextmanager
def webkit(proxy: str, ca: Path | None, folder: Path) -> Iterator[Visit]:
    """WebKit in the GTK port, on a screen that nobody sees; each page in a browser of its own."""
    program = with_system_trust(str(VIEW), ca, folder)
    argv = ["Xvfb", "-displayfd", "1", "-nolisten", "tcp"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as screen:
        try:
            assert screen.stdout is not None
            display = f":{screen.stdout.readline().decode().strip()}"
            env = {**os.environ, "HOME": str(folder), "DISPLAY": display, "GDK_BACKEND": "x11"}

            def visit(url: str) -> str:
                done = run([program, proxy, url], env=env, timeout=30)
                if done.code != 0:
                    raise Refused(done.out.strip() or done.tail)
                return done.out.strip()

            yield visit
        finally:
            screen.terminate()


# Private


def _with_policies(program: str, policies: Path, folder: Path) -> str:
    """Firefox with the document where it looks for it; Playwright's build is told the path."""
    ours = folder / "distribution"
    ours.mkdir()
    (ours / "policies.json").symlink_to(policies)
    theirs = (Path(program).resolve().parent / "distribution").resolve()
    bind = shlex.join(["mount", "--bind", str(ours), str(theirs)])
    entering = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    inner = f'{bind} && exec {shlex.quote(program)} "$@"'
    return write_wrapper(folder / "firefox", [*entering, "--", "sh", "-c", inner, "sh"])


def _visit_by_bidi(socket: Any, proxy: str) -> Visit:
    def ask(method: str, **params: Any) -> Any:
        socket.send(json.dumps({"id": 1, "method": method, "params": params}))
        # Nothing is subscribed to, so whatever comes next is the answer.
        answer = json.loads(socket.recv(timeout=30))
        if answer["type"] == "error":
            raise Refused(answer["message"])
        return answer["result"]

    def visit(url: str) -> str:
        ask("browsingContext.navigate", context=tab, url=url, wait="complete")
        asked = {"expression": "document.body.innerText", "awaitPromise": False}
        value = ask("script.evaluate", target={"context": tab}, **asked)["result"]["value"]
        return str(value).strip()

    kind, _, address = proxy.partition("://")
    # Both kinds of pages go to the one proxy, as Playwright has it in its own build.
    way: dict[str, Any] = {"proxyType": "manual", "httpProxy": address, "sslProxy": address}
    if kind == "socks5":
        way = {"proxyType": "manual", "socksProxy": address, "socksVersion": 5}
    ask("session.new", capabilities={"alwaysMatch": {"proxy": way}})
    tab = ask("browsingContext.getTree")["contexts"][0]["context"]
    return visit
