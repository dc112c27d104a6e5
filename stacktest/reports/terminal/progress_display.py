"""Prints the progress while the stack starts, in the terminal of pytest or of the command.

On a real terminal all services are redrawn in place, and one line remains at the end. Otherwise (a
pipe, `CI`, `NO_COLOR`, `TERM=dumb`, pytest's `-q` or `--color=no`) plain lines without control
sequences are printed: one per service that is ready, and a heartbeat every 30 seconds.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from stacktest.core.plan import Plan
from stacktest.core.progress import Progress
from stacktest.core.records.timeline import Span
from stacktest.printable import one_line, visible
from stacktest.reports.terminal.startup import (
    SHAPES,
    BootState,
    Word,
    display_lines,
    failed_line,
    names,
    not_started_line,
    over_line,
    planned_line,
    ready_line,
    waiting_line,
)

NARROW = 80


def is_lively(stream: Any, environ: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal that can be redrawn."""
    plain = environ.get("CI") or environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
    return not plain and encoding == "utf8" and bool(stream.isatty())


class ProgressLines(Progress):
    """Prints each step of the start when it is certain; records when each service became ready.

    `screen` is a terminal to draw on; without it plain lines are printed.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        screen: IO[str] | None = None,
        width: Callable[[], int] = lambda: NARROW,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.say = say
        self.boots: list[Span] = []
        self._screen = screen
        self._width = width
        self.clean: Callable[[str], str] = str
        """Removes secrets from each line; set by the owner of the object when it knows secrets."""
        self._clock = clock
        self._start = clock()
        self._plan = Plan()
        self._now: dict[str, BootState] = {}
        self._started: dict[str, float] = {}
        self._usual: dict[str, float | None] = {}
        self._live: Any = None
        self._causes: dict[str, str] = {}
        """Cause of a failed start → the first service that was reported with it."""

    def planned(
        self, plan: Plan, missing: Sequence[str], usual: Callable[[str], float | None]
    ) -> None:
        """Print which services are used as they run, and which will be started."""
        self._start = self._clock()
        self._plan = plan
        self._usual = {name: usual(name) for name in missing}
        for name in plan.services:
            word: Word = "waiting" if name in missing else "ran already"
            self._now[name] = BootState(service=name, word=word)
            if name not in missing:
                self.boots.append(Span(name=name, offset=0, seconds=0, word="already running"))
        running = len(plan.services) - len(missing)
        if plan.services:
            self.say(planned_line(missing, running, self._width()))
        if missing and self._screen is not None:
            self._live = _drawn(self._screen, self._picture)

    def starting(self, service: str) -> None:
        """Show that the service's container is starting."""
        self._started[service] = self._clock()
        self._set(service, "starting")

    def changed(self, service: str, what: str) -> None:
        """Show the engine's last report on a service while it is starting."""
        if service in self._started and self._now[service].word == "starting":
            self._set(service, "starting", why="" if what == "start" else what)

    def ready(self, service: str, seconds: float, why: str) -> None:
        """Show that the service is ready, and record its start."""
        if service not in self._started:
            return
        offset = self._started[service] - self._start
        self.boots.append(Span(name=service, offset=offset, seconds=seconds, word=why))
        self._now[service] = BootState(service=service, word="ready", seconds=seconds)
        if self._live is None:
            pad = max(len(name) for name in self._plan.services)
            self.say(ready_line(service, seconds, why, pad))

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """Print the services that are waited for, after some time without other lines."""
        if self._live is None:
            self.say(waiting_line(seconds, waiting, self._usual))

    def not_started(self, service: str, why: str, without: Sequence[str]) -> None:
        """Show that a service will not become ready, and that the run continues without it."""
        for name in (service, *without):
            if name in self._now:
                self._set(name, "failed", why=why if name == service else f"needs {service}")
        first = self._causes.setdefault(why, service)
        cause = why if first == service else f"{service}: as {first}"
        self.say(not_started_line(service, cause, without, self._width()))

    def over(self) -> None:
        """Replace the display by one line, when all services are ready."""
        if self._end():
            self.say(over_line(self._now.values(), self._clock() - self._start))

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        """Name the service that will not become ready, before any container is removed."""
        if service in self._now:
            self._set(service, "failed", why=why)
        self._end()
        self.say(failed_line(service, why, removed=removed))

    # Private

    def _set(self, service: str, word: Word, why: str = "") -> None:
        self._now[service] = BootState(
            service=service, word=word, why=why, usual=self._usual.get(service)
        )

    def _end(self) -> bool:
        """End the display, if there is one."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        return live is not None

    def _picture(self, width: int, height: int) -> Iterable[str]:
        """The current lines of the display; called from the thread that draws."""
        now = self._clock()
        boots = [self._as_shown(boot, now) for boot in list(self._now.values())]
        lines = display_lines(boots, width=width, height=height, seconds=now - self._start)
        return map(self.clean, lines)

    def _as_shown(self, boot: BootState, now: float) -> BootState:
        name = boot.service
        if boot.word == "starting":
            age = now - self._started[name]
            return BootState(
                service=name, word="starting", seconds=age, usual=boot.usual, why=boot.why
            )
        if boot.word == "waiting":
            needs = [need.service for need in self._plan.waits_of(name)]
            missing = [need for need in needs if self._now[need].word in ("waiting", "starting")]
            why = f"for {names(missing, NARROW // 2)}" if missing else "to be created"
            return BootState(service=name, word="waiting", why=why)
        return boot


class ProgressDisplay(ProgressLines):
    """Prints the lines of a run through pytest's terminal reporter."""

    def __init__(self, reporter: Any, environ: Mapping[str, str]) -> None:
        self._reporter = reporter
        self._writer = reporter.config.get_terminal_writer() if reporter is not None else None
        lively = (
            self._writer is not None
            and reporter.isatty
            and reporter.verbosity >= 0
            and self._writer.hasmarkup
            and is_lively(_Screen(reporter), environ)
        )
        super().__init__(
            self._say,
            screen=_Screen(reporter) if lively else None,  # type: ignore[arg-type]
            width=lambda: self.width,
        )
        self.started = datetime.min.replace(tzinfo=UTC)
        """When the run began; set by the controller."""
        self._drawn = False
        """Whether the line that the writer takes for unfinished was the display, now removed."""

    @property
    def width(self) -> int:
        """The current width of the terminal in characters."""
        return self._writer.fullwidth if self._writer is not None else NARROW

    @property
    def verbosity(self) -> int:
        """The verbosity set by `-q` and `-v`."""
        return self._reporter.verbosity if self._reporter is not None else 0

    def say_all(self, lines: Iterable[str], **markup: bool) -> None:
        """Print several lines at any verbosity."""
        if self._reporter is None or self._writer is None:
            return
        self._reporter.ensure_newline()
        if self._writer.width_of_current_line and not self._drawn:
            # pytest-xdist rewrites its line in place without the reporter's knowledge.
            self._reporter.write_line("")
        self._drawn = False
        for line in lines:
            self._reporter.write_line(one_line(self.clean(visible(line))), **markup)

    def _end(self) -> bool:
        self._drawn = super()._end()
        return self._drawn

    def _say(self, line: str) -> None:
        if self.verbosity >= 0:
            self.say_all([line])


# Private

_COLOURS = {"failed": "red", "starting": "yellow", "waiting": "dim", "ready": "green"}


class _Screen:
    """pytest's terminal reporter as a file, so that the display is printed like pytest's output."""

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        self._reporter.write(text)
        return len(text)

    def flush(self) -> None:
        self._reporter.flush()

    def isatty(self) -> bool:
        return bool(self._reporter.isatty)


def _drawn(screen: IO[str], picture: Callable[[int, int], Iterable[str]]) -> Any:
    """A running `rich.live.Live` that draws the picture four times a second."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=screen, force_terminal=True, highlight=False)

    def draw() -> Text:
        lines = map(one_line, picture(console.width, console.height))
        text = Text("\n".join(lines), no_wrap=True)
        for word, colour in _COLOURS.items():
            text.highlight_regex(rf"{SHAPES[word]} \S+( {word})?", colour)  # type: ignore[index]
        return text

    live = Live(
        console=console,
        get_renderable=draw,
        refresh_per_second=4,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live
