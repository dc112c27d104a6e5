"""Sorts the services of a plan by their containers: used, missing, left behind, or in the way.

container                                    result
running, or a job that ended as it should    used as it is, also if not started by stacktest
none                                         missing: created and started
left behind by an earlier run of stacktest   removed, then missing
stopped, and not created by stacktest        in the way: an error; mode `always` starts it
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from stacktest.adapters.engine import cleanup, labels
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.failure_report import last_log_lines
from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import Plan
from stacktest.core.readiness import Impossible, Rule, judge
from stacktest.core.runs.start_failure import StartFailure
from stacktest.errors import UsageError


def remaining_containers(
    stack: Stack,
    plan: Plan,
    engine: EnginePort,
    run_id: str,
    rules: Mapping[str, Rule],
    *,
    replace_changed: bool,
) -> Mapping[str, tuple[Container, ...]]:
    """Planned service -> its containers; with a `run_id`, first remove leftovers of other runs.

    A running container of `stacktest up` stays: it was up before the run and is up after it. If its
    definition has changed, it is used as it is, unless `replace_changed`.
    """
    listed = engine.containers(stack.name)
    own_id = labels.stack_id(stack)
    own = [container for container in listed if container.labels.get(labels.STACK) == own_id]
    if run_id and own:
        if not all(labels.KEEP in container.labels for container in own):
            cleanup.remove_leftovers(engine, stack, run_id)
        planned = [c for c in own if c.service in rules and not c.one_off]
        for container in planned:
            is_old = replace_changed and _is_changed(container, stack)
            if is_old or _is_down(container, rules[container.service]):
                cleanup.remove_owned(engine, _owner_labels(container))
        listed = engine.containers(stack.name)
    by_service: dict[str, tuple[Container, ...]] = {}
    for container in listed:
        if container.service in plan.services and not container.one_off:
            by_service[container.service] = (*by_service.get(container.service, ()), container)
    return by_service


def refuse_open_networks(stack: Stack, services: Iterable[str], engine: EnginePort) -> None:
    """UsageError if egress is denied, but a network exists that is not internal."""
    if not stack.denies_egress:
        return
    if not engine.facts().answers_beside_name_servers:
        raise UsageError(
            '`egress` is "deny", and on this engine a closed stack would not find its own names',
            where="stacktest.toml:stack.egress",
            hint="STACKTEST_EGRESS=allow runs the stack here as its files say",
        )
    definitions = stack.definitions["networks"]
    names = {
        definitions[key].get("name") or f"{stack.name}_{key}"
        for service in services
        for key in stack.services[service].networks
    }
    for network in engine.networks({PROJECT: stack.name}):
        if network["Name"] in names and not network.get("Internal"):
            raise UsageError(
                f'the network {network["Name"]} exists and leads outside, and `egress` is "deny"',
                where="stacktest.toml:stack.egress",
                hint=f"take the stack down first: {compose_command(stack, 'down')}",
            )


def missing_of(
    plan: Plan, present: Mapping[str, tuple[Container, ...]], rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    """Planned services that have to be started: without a container, or with a stopped one."""
    return tuple(
        name
        for name in plan.services
        if not present.get(name)
        or any(_is_down(container, rules[name]) for container in present[name])
    )


def stopped_containers(
    present: Mapping[str, tuple[Container, ...]], missing: Sequence[str], rules: Mapping[str, Rule]
) -> tuple[Container, ...]:
    """Stopped containers of the missing services."""
    return tuple(
        container
        for name in missing
        for container in present.get(name, ())
        if _is_down(container, rules[name])
    )


def refusals(
    stack: Stack,
    missing: Sequence[str],
    stopped: Sequence[Container],
    *,
    mode: str,
    engine: EnginePort,
    diagnose: Callable[[Failure], Diagnosis | None] = lambda _: None,
) -> tuple[StartFailure, ...]:
    """The failures of services that the mode does not allow to start."""
    by_service = {container.service: container for container in stopped}
    if mode == "never":
        return tuple(_not_running(stack, name, by_service.get(name), engine) for name in missing)
    if mode == "auto":
        return tuple(
            _in_the_way(stack, container, engine, diagnose(_ended(container)))
            for container in by_service.values()
        )
    return ()


# Private


def _owner_labels(container: Container) -> dict[str, str]:
    names = (labels.RUN, labels.STACK, labels.STANZA)
    return {name: container.labels[name] for name in names if name in container.labels}


def _is_changed(container: Container, stack: Stack) -> bool:
    digest = labels.definition_digest(stack.services[container.service])
    return container.labels.get(labels.STANZA) != digest


def _is_down(container: Container, rule: Rule) -> bool:
    if container.state not in {"created", "exited", "dead"}:
        return False
    judgement = judge(rule, container, running_for=0)
    return isinstance(judgement, Impossible) or container.state == "created"


def _not_running(
    stack: Stack, name: str, container: Container | None, engine: EnginePort
) -> StartFailure:
    return StartFailure(
        service=name,
        cause=f"{name} does not run, and --stack-up=never starts nothing",
        where=f"project {stack.name}",
        hint=compose_command(stack, "up", "--detach", services=[name]),
        details=tuple(last_log_lines(engine, container, stack=stack)) if container else (),
    )


def _ended(container: Container) -> Failure:
    return Failure(services=(container.service,), is_start=True)


def _in_the_way(
    stack: Stack, container: Container, engine: EnginePort, diagnosis: Diagnosis | None
) -> StartFailure:
    name = container.service
    what = f"{name} has a stopped container that stacktest did not create"
    code = "" if container.exit_code is None else container.exit_code
    return StartFailure(
        service=name,
        cause=diagnosis.sentence if diagnosis else what,
        kind=what,
        where=f"container {container.name} ({f'{container.state} {code}'.strip()})",
        hint=diagnosis.hint if diagnosis else compose_command(stack, "start", services=[name]),
        details=(*([what] if diagnosis else []), *last_log_lines(engine, container, stack=stack)),
    )
