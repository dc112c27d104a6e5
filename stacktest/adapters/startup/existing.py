"""Which containers of a plan exist already: used as they are, missing, left behind, or in the way.

container                                    becomes
running, or a job that ended as it should    used as it is, whoever started it
none                                         missing: created and started
left behind by an earlier run of stacktest   removed, then missing
stopped, and not stacktest's                 in the way: an error, started only by `always`
"""

from collections.abc import Mapping, Sequence

from stacktest.adapters.engine import cleanup, labels
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.failure_report import NotReadyError, last_words
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.readiness import Impossible, Rule, judge


def present_containers(
    stack: Stack, plan: Plan, engine: EnginePort, run_id: str, rules: Mapping[str, Rule]
) -> Mapping[str, tuple[Container, ...]]:
    """Planned service -> its containers; a run with an id first removes what others left behind."""
    listed = engine.containers(stack.name)
    own_id = labels.stack_id(stack.root)
    own = [container for container in listed if container.labels.get(labels.STACK) == own_id]
    if run_id and own:
        if not all(labels.KEEP in container.labels for container in own):
            cleanup.remove_leftovers(engine, stack, run_id)
        for container in own:
            if container.service in rules and _is_useless(
                container, stack, rules[container.service]
            ):
                marks = {
                    name: container.labels[name] for name in _LABELS if name in container.labels
                }
                cleanup.remove_owned(engine, marks)
        listed = engine.containers(stack.name)
    by_service: dict[str, tuple[Container, ...]] = {}
    for container in listed:
        if container.service in plan.services and not container.one_off:
            by_service[container.service] = (*by_service.get(container.service, ()), container)
    return by_service


def missing_of(
    plan: Plan, present: Mapping[str, tuple[Container, ...]], rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    """Planned services that have to be started: no container, or one that does not run."""
    return tuple(
        name
        for name in plan.services
        if not present.get(name)
        or any(_is_down(container, rules[name]) for container in present[name])
    )


def stopped_by_others(
    stack: Stack,
    present: Mapping[str, tuple[Container, ...]],
    missing: Sequence[str],
    rules: Mapping[str, Rule],
    *,
    mode: str,
    engine: EnginePort,
) -> tuple[Container, ...]:
    """Stopped containers that stacktest did not create and will start; an error unless `always`."""
    stopped = tuple(
        container
        for name in missing
        for container in present.get(name, ())
        if _is_down(container, rules[name])
    )
    if mode == "never" and missing:
        raise NotReadyError(
            f"not running: {', '.join(missing)}",
            where=f"project {stack.name}, mode never: no service is started",
            hint=f"docker compose up --detach {' '.join(missing)}",
            service=missing[0],
            details=[line for container in stopped for line in last_words(engine, container)],
        )
    for container in stopped if mode == "auto" else ():
        code = "" if container.exit_code is None else container.exit_code
        ended = f"{container.state} {code}".strip()
        raise NotReadyError(
            f"{container.service} has a stopped container that stacktest did not create",
            where=f"container {container.name} ({ended})",
            hint=f"docker compose rm --force {container.service}, or start it yourself: "
            f"docker compose start {container.service}",
            service=container.service,
            details=last_words(engine, container),
        )
    return stopped


# Private


_LABELS = (labels.RUN, labels.STACK, labels.STANZA)


def _is_useless(container: Container, stack: Stack, rule: Rule) -> bool:
    """True for a kept container that has ended, or whose definition is another now."""
    digest = labels.definition_digest(stack.services[container.service])
    return _is_down(container, rule) or container.labels.get(labels.STANZA) != digest


def _is_down(container: Container, rule: Rule) -> bool:
    if container.state not in {"created", "exited", "dead"}:
        return False
    judgement = judge(rule, container, running_for=0)
    return isinstance(judgement, Impossible) or container.state == "created"
