"""Tells people what happens while the stack comes up, through pytest's terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from stacktest.adapters.progress import Progress
from stacktest.core.plan import Plan


class Wall(Progress):
    """Plain lines, each when something is certain; works wherever pytest prints."""

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter
        self._width = 0

    def say(self, line: str) -> None:
        """One line of its own."""
        if self._reporter is not None and self._reporter.verbosity >= 0:
            self._reporter.ensure_newline()
            self._reporter.write_line(line)

    def planned(self, plan: Plan, missing: Sequence[str]) -> None:
        """What is used as it is, and what will be started."""
        self._width = max((len(name) for name in plan.services), default=0)
        running = len(plan.services) - len(missing)
        if running:
            self.say(f"  {running} of {len(plan.services)} run already and are used as they are")
        if missing:
            self.say(f"  starting {', '.join(missing)}")

    def ready(self, service: str, seconds: float, why: str) -> None:
        """One service is ready."""
        self.say(f"  ready    {service:<{self._width}} {seconds:6.1f} s  {why}")

    def heartbeat(self, seconds: float, waiting: Mapping[str, str]) -> None:
        """Nothing new for a while."""
        said = "; ".join(f"{name}: {why}" for name, why in sorted(waiting.items()))
        self.say(f"  waiting  {seconds:.0f} s for {said}")
