"""What runs of a plan already: used as it is, missing, left behind, or in the way.

found                                        becomes
running, or a job that ended as it should    used as it is, whoever started it
nothing                                      missing: created and started
left behind by an earlier run of ours        removed, then missing
stopped, and not ours                        in the way: an error, started only by `always`
"""

from collections.abc import Mapping, Sequence

from stacktest.adapters.engine import cleanup as ownership
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.startup.failure_report import NotReadyError, last_words
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.readiness import Impossible, Rule, judge


def present(
    stack: Stack, plan: Plan, engine: Engine, run_id: str, rules: Mapping[str, Rule]
) -> Mapping[str, tuple[Container, ...]]:
    """Planned service -> its containers; a run with an id first removes what others left behind."""
    listed = engine.containers(stack.name)
    mark = ownership.stack_id(stack.root)
    left = [each for each in listed if each.labels.get(ownership.STACK) == mark]
    if run_id and left:
        if not all(ownership.KEEP in each.labels for each in left):
            ownership.remove_leftovers(engine, stack, run_id)
        for each in left:
            if each.service in rules and _is_useless(each, stack, rules[each.service]):
                marks = {name: each.labels[name] for name in _MARKS if name in each.labels}
                ownership.remove_owned(engine, marks)
        listed = engine.containers(stack.name)
    found: dict[str, tuple[Container, ...]] = {}
    for each in listed:
        if each.service in plan.services and not each.one_off:
            found[each.service] = (*found.get(each.service, ()), each)
    return found


def missing_of(
    plan: Plan, present: Mapping[str, tuple[Container, ...]], rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    """Planned services that have to be started: no container, or one that does not run."""
    return tuple(
        name
        for name in plan.services
        if not present.get(name) or any(_is_down(each, rules[name]) for each in present[name])
    )


def stopped_by_others(
    stack: Stack,
    present: Mapping[str, tuple[Container, ...]],
    missing: Sequence[str],
    rules: Mapping[str, Rule],
    *,
    mode: str,
    engine: Engine,
) -> tuple[Container, ...]:
    """Stopped containers of somebody else that will be started; an error unless `always`."""
    stopped = tuple(
        each for name in missing for each in present.get(name, ()) if _is_down(each, rules[name])
    )
    if mode == "never" and missing:
        raise NotReadyError(
            f"not running: {', '.join(missing)}",
            where=f"project {stack.name}, told to start nothing",
            hint=f"docker compose up --detach {' '.join(missing)}",
            service=missing[0],
            details=[line for each in stopped for line in last_words(engine, each)],
        )
    for each in stopped if mode == "auto" else ():
        ended = f"{each.state} {'' if each.exit_code is None else each.exit_code}".strip()
        raise NotReadyError(
            f"{each.service} has a stopped container that stacktest did not create",
            where=f"container {each.name} ({ended})",
            hint=f"docker compose rm --force {each.service}, or start it yourself: "
            f"docker compose start {each.service}",
            service=each.service,
            details=last_words(engine, each),
        )
    return stopped


# Private


_MARKS = (ownership.RUN, ownership.STACK, ownership.STANZA)


def _is_useless(ours: Container, stack: Stack, rule: Rule) -> bool:
    """True for what we kept that has ended, or whose stanza is another now: it proves nothing."""
    mark = ownership.stanza_mark(stack.services[ours.service])
    return _is_down(ours, rule) or ours.labels.get(ownership.STANZA) != mark


def _is_down(seen: Container, rule: Rule) -> bool:
    if seen.state not in {"created", "exited", "dead"}:
        return False
    return isinstance(judge(rule, seen, running_for=0), Impossible) or seen.state == "created"
