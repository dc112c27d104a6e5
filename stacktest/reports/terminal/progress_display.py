"""Reports what happens while the stack comes up, in the terminal of pytest or of the command.

On a real terminal all services are drawn in place, and what stays is one line. Everywhere else (a
pipe, `CI`, `NO_COLOR`, `TERM=dumb`, pytest's `-q` or `--color=no`) there are plain lines without
any control sequence: one per service that is ready, and a heartbeat every 30 seconds.
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
    """Prints each fact when it is certain; remembers when each service came up.

    `screen` is a terminal to draw on; without one there are plain lines.
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
        """Takes secrets out of each line; whoever knows some says so."""
        self._clock = clock
        self._start = clock()
        self._plan = Plan()
        self._now: dict[str, BootState] = {}
        self._started: dict[str, float] = {}
        self._usual: dict[str, float | None] = {}
        self._live: Any = None
        self._causes: dict[str, str] = {}
        """Why something is not up → the first service of which that was said."""

    def planned(
        self, plan: Plan, missing: Sequence[str], usual: Callable[[str], float | None]
    ) -> None:
        """What is used as it is, and what will be started."""
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
        """A container is started."""
        self._started[service] = self._clock()
        self._set(service, "starting")

    def changed(self, service: str, what: str) -> None:
        """The engine reported a change; the display shows the last one of what is starting."""
        if service in self._started and self._now[service].word == "starting":
            self._set(service, "starting", why="" if what == "start" else what)

    def ready(self, service: str, seconds: float, why: str) -> None:
        """One service is ready."""
        if service not in self._started:
            return
        offset = self._started[service] - self._start
        self.boots.append(Span(name=service, offset=offset, seconds=seconds, word=why))
        self._now[service] = BootState(service=service, word="ready", seconds=seconds)
        if self._live is None:
            pad = max(len(name) for name in self._plan.services)
            self.say(ready_line(service, seconds, why, pad))

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """No news for a while."""
        if self._live is None:
            self.say(waiting_line(seconds, waiting, self._usual))

    def not_started(self, service: str, why: str, without: Sequence[str]) -> None:
        """One will not become ready, and the run goes on without it."""
        for name in (service, *without):
            if name in self._now:
                self._set(name, "failed", why=why if name == service else f"needs {service}")
        first = self._causes.setdefault(why, service)
        cause = why if first == service else f"{service}: as {first}"
        self.say(not_started_line(service, cause, without, self._width()))

    def over(self) -> None:
        """All is ready: the display makes room for one line."""
        if self._end():
            self.say(over_line(self._now.values(), self._clock() - self._start))

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        """One will not become ready: it is named at once, before anything is taken down."""
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
        """The display as it is now; called from the thread that draws."""
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
    """The lines of a run, through pytest's terminal, wherever that prints."""

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
        """When the run began; the controller says so."""
        self._drawn = False
        """What the writer takes for an unfinished line was drawn, and is gone."""

    @property
    def width(self) -> int:
        """Characters that fit into a line of the terminal now."""
        return self._writer.fullwidth if self._writer is not None else NARROW

    @property
    def verbosity(self) -> int:
        """As asked for by `-q` and `-v`."""
        return self._reporter.verbosity if self._reporter is not None else 0

    def say_all(self, lines: Iterable[str], **markup: bool) -> None:
        """Several lines, whatever the verbosity."""
        if self._reporter is None or self._writer is None:
            return
        self._reporter.ensure_newline()
        if self._writer.width_of_current_line and not self._drawn:
            # pytest-xdist rewrites its line in place and does not say so.
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
    """pytest's terminal as a file: what is drawn goes the way of everything that pytest prints."""

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
