"""The lines of a run in the terminal; the plugin prints them.

stacktest: reference · 36 tests · 4 services planned
  starting 2: caddy, redis · 2 run already, used as they are

phase0     Front door  14 passed
phase4     Datastores  21 passed, 1 failed
partial    36 of 420 tests, selected by -m 'phase0 or phase4'; other services keep what they had
credited   caddy, redis
failing    mariadb: suites/phase4_data/test_mariadb.py::test_it_answers failed: assert 1 == 2
never_run  grafana, loki and 27 others
status     3 functional, 1 failing, 29 never_run
next       stacktest why mariadb
"""

import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from stacktest.core.broken_files import BrokenFile
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.plan import Plan
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import Outcome, Verdict
from stacktest.reports.terminal.startup import names
from stacktest.reports.wording import count

LABEL = 9
"""Width of the first column, unless a state has a longer name."""
MOST = 5
"""The number of rows of a kind that are listed before the rest is only counted."""
WIDE = 140
"""The width of a line in characters if the width of the terminal is not known."""


def plan_lines(plan: Plan, stack: Stack, tests: int) -> Iterator[str]:
    """The header of a run: the stack, the number of tests and of services."""
    what = count(tests, "test")
    yield f"stacktest: {stack.name} · {what} · {count(len(plan.services), 'service')} planned"
    for name, keys in stack.unset_variables.items():
        yield f"not set   {name}, which is blank in {', '.join(keys)}"
    for unread in stack.unread_routes:
        yield f"not known which host names lead where: {unread}"


def reason_lines(plan: Plan, running: Collection[str] = ()) -> Iterator[str]:
    """The plan with its reasons, for `--stack-dry-run` and `stacktest plan`."""
    width = max((len(name) for name in plan.services), default=0)
    if used := [name for name in plan.services if name in running]:
        yield f"runs:    {', '.join(used)}"
    for number, wave in enumerate(_to_start(plan, running), start=1):
        yield f"start {number}: {', '.join(wave)}"
    for step in plan.steps:
        first, *more = step.reasons or ("",)
        yield f"  {step.service:<{width}}  {step.phase:<9} {first}"
        for reason in more:
            yield f"  {'':<{width}}  {'':<9} {reason}"


def plan_document(plan: Plan, running: Collection[str] = ()) -> Json:
    """The plan as a JSON document: waves to start, running services, each one's reasons."""
    return {
        "start": _to_start(plan, running),
        "running": [name for name in plan.services if name in running],
        "services": [
            {"service": step.service, "phase": step.phase, "reasons": list(step.reasons)}
            for step in plan.steps
        ],
    }


def failure_lines(
    nodeid: str,
    reason: str,
    evidence: str = "",
    *,
    again: str,
    diagnosis: str = "",
    command: str = "",
) -> Iterator[str]:
    """The lines on a failed test, printed at once: cause, reason, hint, evidence.

    `again` is the command that runs the test again.
    """
    yield f"FAILED {nodeid}"
    if diagnosis:
        yield f"  {diagnosis}"
    if reason:
        yield f"  {reason}"
    if command:
        yield f"  hint: {command}"
    if evidence:
        yield f"  evidence: {evidence}"
    yield f"  Reproduce: {again}"


def summary_lines(summary: RunSummary, stack: Stack, width: int = WIDE) -> Iterator[str]:
    """The results of the run, by phase and service, and the next useful command."""
    # A run on a copy gives no credit: no service gets a state from it.
    credited = "passed" if stack.copy else "credited"
    rows = [
        *_phases(summary, stack),
        *(("partial", reason) for reason in _partial(summary)),
        *([(credited, ", ".join(summary.credited))] if summary.credited else []),
        *_not_functional(summary, width, is_copy=bool(stack.copy)),
        *_without_credit(summary, width),
        *(("fell over", f"{name} {why}") for name, why in sorted(summary.fallen.items())),
        *_known_false(summary.outcomes),
        *_slowest(summary),
        *_replaced(summary.foreign),
        *(("note", item.warning) for item in summary.misnamed),
        *(
            []
            if stack.copy
            else [("status", _states(summary.judgements)), ("next", _next(summary))]
        ),
    ]
    pad = max(LABEL, *(len(label) for label, _ in rows)) + 1
    for label, text in rows:
        prefix = f"{label:<{pad}}"
        # The rows of `slowest` are a column of numbers, each with a name: they are not wrapped.
        yield from (
            _wrapped(prefix, text, width) if label not in ("slowest", "") else [prefix + text]
        )


def quiet_lines(judgements: Mapping[str, Judgement]) -> Iterator[str]:
    """The lines of a run in which `--stale` selected no test."""
    yield "nothing is stale: every service that a test names is functional, with what it needs"
    yield f"status    {_states(judgements)}"
    yield "next      stacktest gate"


# Private


def _to_start(plan: Plan, running: Collection[str]) -> list[list[str]]:
    """The waves of the plan without the services that run already."""
    waves = ([name for name in wave if name not in running] for wave in plan.waves)
    return [wave for wave in waves if wave]


def _wrapped(label: str, text: str, width: int) -> list[str]:
    """One row, wrapped below its text. Node ids and commands are not broken."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    ) or [label.rstrip()]


def _phases(summary: RunSummary, stack: Stack) -> Iterator[tuple[str, str]]:
    titles = {phase.name: phase.title for phase in stack.phases}
    order = {phase.name: place for place, phase in enumerate(stack.phases)}
    counts: dict[str, Counter[str]] = {}
    for outcome in summary.outcomes:
        phase = summary.phases.get(outcome.nodeid, "")
        word = "flaky" if outcome.flaky and outcome.result == "passed" else outcome.result
        counts.setdefault(phase, Counter())[word] += 1
    width = max((len(titles.get(name, "")) for name in counts), default=0)
    for name in sorted(counts, key=lambda name: (order.get(name, len(order)), name)):
        results = ", ".join(
            f"{count} {word.replace('_', ' ')}" for word, count in sorted(counts[name].items())
        )
        title = f"{titles.get(name, ''):<{width}}  " if width else ""
        yield name or "no phase", f"{title}{results}"


def _replaced(foreign: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Rows on records of another stack that this run replaced."""
    stacks: dict[str, list[str]] = {}
    for name, stack in sorted(foreign.items()):
        stacks.setdefault(stack, []).append(name)
    for stack, services in sorted(stacks.items()):
        yield "replaced", f"{names(services, WIDE)}: the records came from another stack, {stack}"


def _partial(summary: RunSummary) -> Iterator[str]:
    """Sentences on why this run did not run all tests."""
    facts, total = summary.facts, len(summary.phases)
    ended = [outcome for outcome in summary.outcomes if outcome.result != "unfinished"]
    if facts.interrupted:
        yield f"interrupted after {_of(len(ended), len(summary.outcomes))}: no service is credited"
    elif facts.ended_early:
        yield f"ended early after {_of(len(ended), len(summary.outcomes))}: {facts.ended_early}"
    if facts.selection and len(summary.outcomes) < total:
        yield (
            f"{_of(len(summary.outcomes), total)}, selected by {facts.selection}; "
            "services with other tests keep what they had"
        )
    for cause, services in _uncredited(summary.broken).items():
        yield f"{cause}: no credit for {names(services, WIDE)}"


def _uncredited(broken: Iterable[BrokenFile]) -> dict[str, list[str]]:
    """Error of a file that cannot be collected → the services whose tests it may hold."""
    services: dict[str, list[str]] = {}
    for file in broken:
        concerned = file.services if file.is_read else ("any service",)
        services[file.cause] = sorted({*services.get(file.cause, ()), *concerned})
    return services


def _not_functional(summary: RunSummary, width: int, *, is_copy: bool) -> Iterator[tuple[str, str]]:
    """Rows on every service that is not functional, worst state first, with its reason.

    On a copy, which has no earlier records, services without a reason are not listed.
    """
    by_state: dict[State, list[str]] = {}
    for name, judgement in sorted(summary.judgements.items()):
        if not judgement.state.functional:
            by_state.setdefault(judgement.state, []).append(name)
    for state in sorted(by_state, key=lambda state: state.rank):
        by_reason: dict[str, list[str]] = {}
        for name in by_state[state]:
            by_reason.setdefault(_reason(summary, name), []).append(name)
        bare = by_reason.pop("", [])
        room = width - len(state.value) - 2
        yield from _reason_rows(state.value, by_reason, room)
        if bare and not is_copy:
            yield state.value, names(bare, room)


def _reason(summary: RunSummary, name: str) -> str:
    """Why a service is not functional: the reason of this run, else of its judgement."""
    if name in summary.not_up:
        cause = summary.not_up[name].cause
        # With a cause in another service the row is that of the front door, whose tests fail, too.
        return f"not up: {cause}" if cause.startswith(f"{name} ") else cause
    verdict = summary.verdicts.get(name)
    if diagnosis := _diagnosis(summary, name):
        return diagnosis
    reasons: Sequence[str] = ()
    if verdict is not None and verdict.kind in ("failed", "incomplete"):
        reasons = verdict.reasons
    if name in summary.refused:
        reasons = (_refusal(summary, name),)
    known = summary.judgements[name].reasons if name in summary.judgements else ()
    return _named(summary, _first(reasons or list(map(_bare, known))))


def _bare(tag: str) -> str:
    """The reason without the prefix `run:` or `start:`."""
    return tag.removeprefix("run:").removeprefix("start:")


def _named(summary: RunSummary, reason: str) -> str:
    """The reason with the test's name as in pytest's output; records write `[path#2]`."""
    test = next((test for test in summary.names if reason.startswith(f"{test} ")), "")
    return summary.names[test] + reason.removeprefix(test) if test else reason


def _refusal(summary: RunSummary, name: str) -> str:
    """Why its tests earned no pass; shortened if the run's own trouble is the cause."""
    why = summary.refused[name]
    cause = summary.trouble.what.rpartition(": ")[2] if summary.trouble else ""
    return "what its tests showed cannot be written" if cause and why.endswith(cause) else why


def _diagnosis(summary: RunSummary, name: str) -> str:
    """The first diagnosis among the outcomes of its tests, or empty."""
    causes = (outcome.diagnosis for outcome in summary.outcomes if name in outcome.services)
    return next(filter(None, causes), "")


def _without_credit(summary: RunSummary, width: int) -> Iterator[tuple[str, str]]:
    """Rows on services that earned no pass in this run, and are functional by an earlier pass."""
    reasons = {
        name: _first(verdict.reasons)
        for name, verdict in summary.verdicts.items()
        if verdict.kind == "incomplete"
    }
    reasons |= {name: _refusal(summary, name) for name in summary.refused}
    by_reason: dict[str, list[str]] = {}
    for name in sorted(reasons):
        if _is_functional(summary, name):
            keeps = "; the earlier pass counts" if name in summary.judgements else ""
            by_reason.setdefault(_named(summary, reasons[name]) + keeps, []).append(name)
    yield from _reason_rows("no credit", by_reason, width - LABEL - 1)


def _reason_rows(
    label: str, services: Mapping[str, Sequence[str]], room: int
) -> Iterator[tuple[str, str]]:
    """A row for each of the first reasons, with its services, and how many services are left."""
    for reason, its_services in list(services.items())[:MOST]:
        yield label, f"{names(its_services, room)}: {reason}"
    if rest := sum(map(len, list(services.values())[MOST:])):
        yield "", f"and {count(rest, 'other service')}: stacktest status"


def _is_functional(summary: RunSummary, name: str) -> bool:
    """Whether a service is functional; True without a judgement, so that the reason is shown."""
    judgement = summary.judgements.get(name)
    return judgement is None or judgement.state.functional


def _first(reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    first, *more = reasons
    return first + (f" (and {count(len(more), 'more reason')})" if more else "")


def _known_false(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str]]:
    false = [outcome for outcome in outcomes if outcome.result == "known_false"]
    if false:
        tests = count(len(false), "test")
        yield "false", f"{tests} stated a claim that is known to be false: stacktest claims"


def _slowest(summary: RunSummary) -> Iterator[tuple[str, str]]:
    ordered = sorted(summary.outcomes, key=lambda outcome: -outcome.seconds)
    slow = [outcome for outcome in ordered[:MOST] if outcome.seconds >= 1]
    for number, outcome in enumerate(slow):
        name = summary.names.get(outcome.nodeid, outcome.nodeid)
        yield "" if number else "slowest", f"{outcome.seconds:5.1f} s  {name}"


def _states(judgements: Mapping[str, Judgement]) -> str:
    counts = Counter(judgement.state for judgement in judgements.values())
    parts = [f"{counts[state]} {state.value}" for state in reversed(State) if counts[state]]
    return ", ".join(parts) or "no service"


def _next(summary: RunSummary) -> str:
    """The most useful next command."""
    if down := [name for name, failure in summary.not_up.items() if not failure.because_of]:
        return f"stacktest why {min(down)}"
    about: dict[str, Verdict] = dict(summary.verdicts)
    kinds = [[n for n, v in about.items() if v.kind == kind] for kind in ("failed", "incomplete")]
    services = next(filter(None, (*kinds, list(summary.refused))), None)
    if services is None:
        return "stacktest gate"
    # Services that are not functional come first: they may be why others earned no pass.
    return f"stacktest why {min(services, key=lambda n: (_is_functional(summary, n), n))}"


def _of(some: int, total: int) -> str:
    return f"{some} of {count(total, 'test')}"
