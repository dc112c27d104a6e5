"""`up` and `down`: starts services that stay up, and removes what stacktest started."""

import shlex
from collections.abc import Callable, Iterable, Mapping

from stacktest.adapters.engine.cleanup import remove_owned
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.documents import PROJECT, SERVICE
from stacktest.adapters.engine.labels import COPY_OF, STACK, stack_id
from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.ledger.stack_identity import stack_mark
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.startup.up import BringUp
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.plan import Plan, plan_services
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError
from stacktest.reports.wording import count


def start_and_keep(
    stack: Stack, bring_up: Callable[[Plan], BringUp], services: Iterable[str]
) -> list[str]:
    """Start the services, which stay up; returns lines about what was done."""
    plan = plan_services(stack, services)
    # Each service that can be up is useful, even if others cannot.
    purposes = frozenset(frozenset({name}) for name in plan.services)
    up = bring_up(replace(plan, purposes=purposes))
    if up.failures:
        raise NotReadyError.of(up.failures)
    return [
        f"{len(up.started)} started, {len(up.already_running)} ran already",
        "next     stacktest down, when they are no longer needed",
    ]


def take_down(
    stack: Stack, engine: Engine, services: Iterable[str] | None, volumes: Iterable[str]
) -> list[str]:
    """Remove what stacktest started from this checkout, found by its label; `services` None: all.

    Volumes are removed only if named as in the compose model; returns lines about what was removed
    and what is left.
    """
    names = [_volume(stack, volume) for volume in volumes]
    chosen = None if services is None else set(services)
    mark = stack_id(stack)

    def spare(labels: Mapping[str, str]) -> bool:
        is_other = (labels.get(PROJECT) or stack.name) != stack.name
        return is_other or (chosen is not None and labels.get(SERVICE, "") not in chosen)

    removed = remove_owned(engine, {STACK: mark}, order=tuple(stack.services), spare=spare)
    containers = count(len(removed.containers), "container")
    lines = [f"{containers} and {count(len(removed.networks), 'network')} removed"]
    left = {**_others(engine, stack, mark), **removed.left}
    lines += [f"left     {name}: {why}" for name, why in sorted(left.items())]
    for name in names:
        why = engine.remove_volume(name)
        lines.append(f"left     {name}: {why}" if why else f"removed  volume {name}")
    return lines


def remove_copies(stack: Stack, engine: Engine) -> list[str]:
    """Remove every copy of this stack; returns lines about what was removed and what is left."""
    removed = remove_owned(engine, {COPY_OF: stack_mark(stack.root)})
    lines = [f"{count(len(removed.containers), 'container')} of copies removed"]
    return lines + [f"left     {name}: {why}" for name, why in sorted(removed.left.items())]


# Private


def _others(engine: EnginePort, stack: Stack, mark: str) -> Mapping[str, str]:
    """Containers that seem to be this stack's but are not: name → where they belong."""
    marked = {
        container.name: f"it belongs to the project {container.project}, which this stack was: "
        f"docker compose --project-name {shlex.quote(container.project)} down"
        for container in engine.containers(labels={STACK: mark})
        if container.project not in ("", stack.name)
    }
    return marked | {
        container.name: "it was started from another copy of this stack"
        for container in engine.containers(stack.name)
        if container.labels.get(STACK, mark) != mark
    }


def _volume(stack: Stack, name: str) -> str:
    """The engine's name of a volume of the compose model."""
    defined = stack.definitions.get("volumes", {})
    if name not in defined:
        raise UsageError(
            f"{name!r} is not a volume of the compose model",
            where="--volume",
            hint=did_you_mean(name, defined) or f"known: {', '.join(defined)}",
        )
    return str((defined[name] or {}).get("name", f"{stack.name}_{name}"))
