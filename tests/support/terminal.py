"""A program on a real terminal: what it wrote, and what a person sees of it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pyte

CONTROL = re.compile(r"\x1b\[[0-9;?]*([A-Za-z])")
LONGEST = 60.0


class Terminal:
    """One program on a pseudo-terminal of this size; `with` ends it."""

    def __init__(
        self,
        argv: list[str],
        *,
        cwd: Path,
        columns: int = 80,
        lines: int = 24,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.raw = ""
        self._screen = pyte.HistoryScreen(columns, lines, history=5000)
        self._stream = pyte.Stream(self._screen)
        self._end, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            argv, cwd=cwd, env=plain(environ or {}), stdin=other, stdout=other, stderr=other,
            start_new_session=True,
        )  # fmt: skip
        os.close(other)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._end)

    @property
    def seen(self) -> str:
        """What the terminal shows now, with everything that was scrolled away."""
        above = ["".join(row[x].data for x in range(self._screen.columns)).rstrip()
                 for row in self._screen.history.top]  # fmt: skip
        return "\n".join([*above, *(line.rstrip() for line in self._screen.display)]).rstrip()

    @property
    def controls(self) -> set[str]:
        """The kinds of control sequences that were written: `m` is a colour, others move."""
        return set(CONTROL.findall(self.raw))

    def until(self, text: str) -> str:
        """What is seen once `text` is; what was seen instead is the error."""
        self._read(lambda: text in self.seen)
        assert text in self.seen, self.seen
        return self.seen

    def finish(self) -> int:
        """The exit code, after everything was read."""
        self._read(lambda: False)
        return self._process.wait(LONGEST)

    def _read(self, enough: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST
        while not enough() and time.monotonic() < end:
            ready, _, _ = select.select([self._end], [], [], 1)
            try:
                data = os.read(self._end, 65536).decode() if ready else ""
            except OSError:  # the last program that had it open has ended
                return
            self.raw += data
            self._stream.feed(data)


def plain(changes: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nobody has asked for colour or against it."""
    asked = ("CI", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if name not in asked}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **changes}
