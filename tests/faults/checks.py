"""The suites as one long-lived pytest on a copy of the stack, asked file by file."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TextIO

from tests.faults.recorder import ADDRESS

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the suites said."""

    words: dict[str, str]
    """Node id → passed, known false, failed, skipped or unfinished."""
    reasons: dict[str, str]

    @property
    def red(self) -> frozenset[str]:
        """Checks that did not pass; one whose claim is known to be false is red once it holds."""
        green = ("passed", "known false")
        return frozenset(nodeid for nodeid, word in self.words.items() if word not in green)


class Checks:
    """All checks of the suites, ready to be run."""

    def __init__(self, nodeids: list[str], line: Connection) -> None:
        self.nodeids = frozenset(nodeids)
        self._line = line

    def run(self, files: tuple[str, ...], doomed: frozenset[str] = frozenset()) -> Checked:
        """Run the checks of these files; nobody waits long for those that are `doomed`."""
        self._line.send((files, doomed))
        words, reasons = self._line.recv()
        return Checked(words, reasons)


@contextmanager
def open_checks(stack: Path, suites: tuple[str, ...]) -> Iterator[Checks]:
    """A pytest on the stack that runs there already; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        address, log = f"{folder}/line", Path(folder, "log")
        with Listener(address, "AF_UNIX") as listener, log.open("w") as said:
            program = _start(address, said, f"--stack={stack}", "--stack-up=never", *suites)
            listener._listener._socket.settimeout(300)  # type: ignore[attr-defined]
            try:
                with listener.accept() as line:
                    _, nodeids = line.recv()
                    yield Checks(nodeids, line)
                    line.send(None)
                    program.wait(timeout=60)
            except (TimeoutError, EOFError, ConnectionError) as error:
                raise RuntimeError(f"the suites gave up:\n{log.read_text()[-4000:]}") from error
            finally:
                program.terminate()
                program.wait()


def all_checks() -> frozenset[str]:
    """The node id of every check that the suites hold."""
    return _collected(REPOSITORY) | _collected(REPOSITORY / "lifecycle")


# Private


def _collected(folder: Path) -> frozenset[str]:
    argv = [sys.executable, "-m", "pytest", "suites", "--collect-only", "-q"]
    done = subprocess.run(
        [*argv, "-p", "no:cacheprovider"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the suites cannot be collected:\n{done.stdout[-3000:]}")
    return frozenset(line for line in done.stdout.splitlines() if "::" in line)


def _start(address: str, said: TextIO, *options: str) -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "pytest", "-p", "tests.faults.recorder", "-p", "no:cacheprovider"]
    return subprocess.Popen(
        [*argv, "-q", "--tb=short", *options],
        cwd=REPOSITORY,
        env={**os.environ, ADDRESS: address},
        stdout=said,
        stderr=subprocess.STDOUT,
    )
