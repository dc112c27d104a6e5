"""Tells people what happens while the stack comes up, through pytest's terminal."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stacktest.adapters.progress import Progress
from stacktest.core.plan import Plan
from stacktest.reports.timeline import Span


class Lines(Progress):
    """Plain lines, each when something is certain; remembers when each service came up."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.boots: list[Span] = []
        self._width = 0
        self._begun = time.monotonic()
        self._started: dict[str, float] = {}

    def planned(self, plan: Plan, missing: Sequence[str]) -> None:
        """What is used as it is, and what will be started."""
        self._width = max((len(name) for name in plan.services), default=0)
        self._begun = time.monotonic()
        running = [name for name in plan.services if name not in missing]
        for name in running:
            self.boots.append(Span(name=name, offset=0, seconds=0, word="already running"))
        if running:
            self.say(f"  {len(running)} of {len(plan.services)} run already, used as they are")
        if missing:
            self.say(f"  starting {', '.join(missing)}")

    def starting(self, service: str) -> None:
        """A container is started."""
        self._started[service] = time.monotonic() - self._begun

    def ready(self, service: str, seconds: float, why: str) -> None:
        """One service is ready."""
        if service in self._started:
            begun = self._started[service]
            self.boots.append(Span(name=service, offset=begun, seconds=seconds, word=why))
            self.say(f"  ready    {service:<{self._width}} {seconds:6.1f} s  {why}")

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """Nothing new for a while."""
        said = "; ".join(f"{name}: {why}" for name, why in sorted(waiting.items()))
        self.say(f"  waiting  {seconds:.0f} s for {said}")


class Wall(Lines):
    """The lines of a bring-up, through pytest's terminal, wherever that prints."""

    def __init__(self, reporter: Any) -> None:
        super().__init__(self._say)
        self._reporter = reporter
        self.started = datetime.min.replace(tzinfo=UTC)
        """When the run began; the controller says so."""

    def say_all(self, lines: Iterable[str]) -> None:
        """Several lines, whatever the verbosity."""
        for line in lines:
            if self._reporter is not None:
                self._reporter.ensure_newline()
                self._reporter.write_line(line)

    def _say(self, line: str) -> None:
        if self._reporter is not None and self._reporter.verbosity >= 0:
            self.say_all([line])
