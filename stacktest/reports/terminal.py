"""What a run says in the terminal, as lines; the plugin prints them.

stacktest: reference · 12 tests of 4 services · starting caddy, redis (2 run already)
  ready    caddy        0.8 s  healthy
  ready    redis        0.6 s  healthy

phase0    front door         14 passed
phase4    datastores         21 passed, 1 failed
credited  caddy, redis
no credit mariadb: tests/x.py::test_y failed: assert 1 == 2
next      stacktest why mariadb
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from stacktest.core.evidence import Judgement
from stacktest.core.model import Stack
from stacktest.core.plan import Plan
from stacktest.core.run import RunSummary
from stacktest.core.states import State
from stacktest.core.verdict import Outcome

LABEL = 9
"""Width of the first column."""
MOST = 5
"""How many services of a kind are told one by one."""


def plan_lines(plan: Plan, stack: Stack, tests: int) -> Iterator[str]:
    """The header of a run: what is about to be proved, on which stack."""
    what = _count(tests, "test")
    yield f"stacktest: {stack.name} · {what} · {_count(len(plan.services), 'service')} planned"


def reason_lines(plan: Plan) -> Iterator[str]:
    """The plan with its reasons, for `--stack-dry-run` and `stacktest plan`."""
    width = max((len(name) for name in plan.services), default=0)
    for number, wave in enumerate(plan.waves, start=1):
        yield f"start {number}: {', '.join(wave)}"
    for step in plan.steps:
        first, *more = step.reasons or ("",)
        yield f"  {step.service:<{width}}  {step.phase:<9} {first}"
        for reason in more:
            yield f"  {'':<{width}}  {'':<9} {reason}"


def summary_lines(summary: RunSummary, stack: Stack) -> Iterator[str]:
    """What the run proved, by phase and service, and the next useful command."""
    yield from _phases(summary, stack)
    if summary.credited:
        yield _row("credited", ", ".join(summary.credited))
    yield from _without_credit(summary)
    yield from (_row("fell over", f"{name} {why}") for name, why in sorted(summary.fallen.items()))
    yield from _slowest(summary.outcomes)
    yield _row("status", _states(summary.judgements))
    yield _row("next", _next(summary))


# Private


def _phases(summary: RunSummary, stack: Stack) -> Iterator[str]:
    titles = {phase.name: phase.title for phase in stack.phases}
    order = {phase.name: place for place, phase in enumerate(stack.phases)}
    found: dict[str, Counter[str]] = {}
    for outcome in summary.outcomes:
        phase = summary.phases.get(outcome.nodeid, "")
        word = "flaky" if outcome.flaky and outcome.result == "passed" else outcome.result
        found.setdefault(phase, Counter())[word] += 1
    width = max((len(titles.get(name, "")) for name in found), default=0)
    for name in sorted(found, key=lambda name: (order.get(name, len(order)), name)):
        said = ", ".join(f"{count} {word}" for word, count in sorted(found[name].items()))
        yield _row(name or "no phase", f"{titles.get(name, ''):<{width}}  {said}")


def _without_credit(summary: RunSummary) -> Iterator[str]:
    """Every service that was tested and is not proved, with the first reason why."""
    reasons: dict[str, Sequence[str]] = {
        name: verdict.reasons
        for name, verdict in summary.verdicts.items()
        if verdict.kind in ("failed", "incomplete")
    }
    reasons |= {name: (why,) for name, why in summary.refused.items()}
    worst_first = sorted(reasons, key=lambda name: (_kind(summary, name) != "failed", name))
    for name in worst_first[:MOST]:
        label = "failed" if _kind(summary, name) == "failed" else "no credit"
        first, *more = reasons[name] or ("no reason was recorded",)
        extra = f" (and {_count(len(more), 'more reason')})" if more else ""
        yield _row(label, f"{name}: {first}{extra}")
    if len(worst_first) > MOST:
        yield _row("", f"and {_count(len(worst_first) - MOST, 'other service')}: stacktest status")


def _kind(summary: RunSummary, name: str) -> str:
    verdict = summary.verdicts.get(name)
    return verdict.kind if verdict else ""


def _slowest(outcomes: Sequence[Outcome]) -> Iterator[str]:
    slow = [o for o in sorted(outcomes, key=lambda o: -o.seconds)[:MOST] if o.seconds >= 1]
    for number, outcome in enumerate(slow):
        yield _row("slowest" if not number else "", f"{outcome.seconds:5.1f} s  {outcome.nodeid}")


def _states(judgements: Mapping[str, Judgement]) -> str:
    counts = Counter(judgement.state for judgement in judgements.values())
    said = [f"{counts[state]} {state.value}" for state in reversed(State) if counts[state]]
    return ", ".join(said) or "no service"


def _next(summary: RunSummary) -> str:
    for kind in ("failed", "incomplete"):
        for name, verdict in sorted(summary.verdicts.items()):
            if verdict.kind == kind:
                return f"stacktest why {name}"
    return f"stacktest why {min(summary.refused)}" if summary.refused else "stacktest gate"


def _row(label: str, text: str) -> str:
    return f"{label:<{LABEL}} {text}".rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
