"""A container engine of a campaign's own, beside the one of this machine, that may be restarted.

It runs in a network namespace of its own: a `dockerd` without a bridge removes the interface
`docker0` wherever it starts, and that of the machine's engine is not this campaign's to remove.
"""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stacktest.adapters.engine.client import Engine
from stacktest.errors import ToolMissingError

APART = ("unshare", "--net", "--")
"""Runs a program, as the same process, where it sees no network interface of this machine."""


class OwnEngine:
    """`dockerd` with folders, a socket and a containerd of its own, and without networks."""

    apart: tuple[str, ...] = APART
    options: tuple[tuple[str, str], ...] = (
        ("bridge", "none"),
        ("iptables", "false"),
        ("ip-masq", "false"),
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"unix://{folder}/docker.sock"

    def start(self) -> None:
        """Start it, and return when it answers."""
        options = {"host": self.address, "data-root": f"{self._folder}/data"}
        options |= {"exec-root": f"{self._folder}/exec", "pidfile": f"{self._folder}/pid"}
        options |= dict(self.options)
        argv = [*self.apart, "dockerd", *(f"--{name}={value}" for name, value in options.items())]
        (self._folder / "pid").unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ToolMissingError("no engine of its own starts here", where=self._last_words())
            time.sleep(0.2)

    @property
    def pid(self) -> int:
        """The process, while it runs."""
        if self._process is None:
            raise ToolMissingError("the engine does not run")
        return self._process.pid

    @property
    def inside(self) -> tuple[str, ...]:
        """Goes before a program that is to see the engine's network as its own."""
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net", "--")

    def answers(self) -> bool:
        """Whether it answers now."""
        try:
            Engine(self.address).ping()
        except ToolMissingError:
            return False
        return True

    def stop(self) -> None:
        """End it, and with it its containers."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def load(self, *images: str) -> None:
        """Copy images of this machine's engine; layers that they share are copied once."""
        loading = ["docker", "--host", self.address, "load", "--quiet"]
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(loading, stdin=saving.stdout, check=True, capture_output=True)

    def remove(self) -> None:
        """End it and all that it started, and remove its folders."""
        with contextlib.suppress(ToolMissingError):
            if not self.answers():
                self.start()
            for container in Engine(self.address).containers():
                Engine(self.address).remove(container.id)
        self.stop()
        for mounted in reversed(_mounts_below(self._folder)):
            subprocess.run(["umount", "-l", mounted], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    # Private

    def _last_words(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-2:])


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """An engine that is gone at the end; ToolMissingError where none can be started."""
    if shutil.which("dockerd") is None:
        raise ToolMissingError("dockerd is not installed")
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        raise ToolMissingError("no network namespace can be made here")
    engine = OwnEngine(Path(tempfile.mkdtemp(prefix="sk-engine-")))
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()


# Private


def _mounts_below(folder: Path) -> list[str]:
    rows = Path("/proc/self/mounts").read_text().splitlines()
    return [row.split()[1] for row in rows if row.split()[1].startswith(f"{folder}/")]
