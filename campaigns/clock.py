"""Clocks that jump by hours, forwards and backwards, between and during runs.

Random stories of runs, edits, looks and jumps on a stack in memory, through the real session and
the real ledger. What really happened, in its true order, says what may count as proved: a service
whose last conclusive run failed is never functional, and what never passed never is.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random

from campaigns.common import Options, Report, main
from stacktest.core.freshness.states import State
from tests.support.stack_simulator import StackSimulator, in_memory

JUMPS = (-30.0, -3.0, -0.5, 0.5, 3.0, 30.0)
"""Hours."""


@dataclass(kw_only=True)
class Truth:
    """What happened to one service, whatever the clocks said."""

    passed: set[object] = field(default_factory=set)
    """What it was when it passed, and has not failed since."""


def run(options: Options) -> Report:
    """1500 stories of 12 steps, or 25."""
    dice, stories = options.random(), 25 if options.short else 1500
    counts, faults = Counter[str](), list[str]()
    for story in range(stories):
        with in_memory() as stack:
            faults += [f"story {story}: {fault}" for fault in _story(stack, dice, counts)]
    rows = [("stories", stories), *sorted(counts.items())]
    return Report(columns=("what", "number"), rows=rows, faults=faults)


def _story(stack: StackSimulator, dice: Random, counts: Counter[str]) -> list[str]:
    service, truth, faults = stack.add("app"), Truth(), list[str]()
    for step in range(12):
        match dice.choice(("pass", "pass", "fail", "jump", "jump", "edit", "look", "jump within")):
            case "pass":
                stack.run()
                truth.passed.add(service.parts["config"])
                counts["runs that passed"] += 1
            case "fail":
                stack.run(app="failed")
                truth.passed.discard(service.parts["config"])
                counts["runs that failed"] += 1
            case "jump within":
                stack.run(meanwhile=partial(_jump, stack, dice.choice(JUMPS)))
                truth.passed.add(service.parts["config"])
                counts["jumps during a run"] += 1
            case "jump":
                _jump(stack, dice.choice(JUMPS))
                counts["jumps between runs"] += 1
            case "edit":
                service.edit("config", str(dice.randrange(3)))
                service.recreate()
            case _:
                stack.later(minutes=5)
        judgement = stack.index()["app"]
        counts[f"seen: {judgement.state.value}"] += 1
        if judgement.state is State.FUNCTIONAL and service.parts["config"] not in truth.passed:
            faults.append(f"step {step}: functional, though it did not pass last")
        if judgement.state is State.ERROR and not any("clock" in why for why in judgement.reasons):
            faults.append(
                f"step {step}: an error that does not name the clock: {judgement.reasons}"
            )
    # Once the clock is right again, one run puts everything in order.
    stack.now += timedelta(days=30)
    stack.run()
    if (state := stack.state("app")) is not State.FUNCTIONAL:
        faults.append(f"{state.value} after a run with a right clock")
    return faults


def _jump(stack: StackSimulator, hours: float) -> None:
    stack.now += timedelta(hours=hours)


if __name__ == "__main__":
    raise SystemExit(main("clock", run))
