"""Removes what a run created, by its labels alone: what holds data is asked to end first."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct, field

from stacktest.adapters.engine.labels import COPY_OF, KEEP, RUN, STACK, UPDATE, stack_id
from stacktest.adapters.engine.port import EnginePort
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container

REMOVING = 4
"""How many removals the engine has to do at once: with many, Engine 20.10 was seen to lock up."""
ENDING = 16
"""How many programs are waited for at once."""


class Removed(Struct, frozen=True, kw_only=True):
    """What was removed, by name, and what could not be, with the engine's reason."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)


def remove_owned(
    engine: EnginePort,
    labels: Mapping[str, str],
    *,
    order: Sequence[str] = (),
    spare: Callable[[Mapping[str, str]], bool] = lambda _: False,
) -> Removed:
    """Removes the containers and networks with these labels, all at once where nothing is at risk.

    So go the volumes of a copy and those of an update, which alone carry labels.

    A container without a writable volume or bind mount has nothing to save and is killed. The
    others are asked to end and get the time that they ask for (`stop_grace_period`), dependants
    first: `order` lists services with dependencies first. `spare` says by labels what to leave.
    """
    if not ({RUN, STACK, COPY_OF, UPDATE} & set(labels)):
        raise ValueError("only what carries stacktest's own label may be removed")
    containers = [item for item in engine.containers(labels=labels) if not spare(item.labels)]
    careful = [
        container for container in containers if has_data(container) and container.is_running
    ]
    left: dict[str, str] = {}

    def remove(container: Container) -> None:
        if why := engine.remove(container.id):
            left[container.name] = why

    def end(container: Container) -> None:
        engine.stop(container.id)
        remove(container)

    _together(remove, [item for item in containers if item not in careful], at_once=REMOVING)
    for wave in _last_first(careful, order):
        _together(end, wave, at_once=ENDING)
    left |= engine.remove_stored(labels)
    for volume in engine.volumes(labels):
        if not spare(volume.get("Labels") or {}) and (why := engine.remove_volume(volume["Name"])):
            left[str(volume["Name"])] = why
    networks = [net for net in engine.networks(labels) if not spare(net.get("Labels") or {})]
    refusals = _together(lambda net: engine.remove_network(net["Id"]), networks, at_once=REMOVING)
    used = {str(net["Name"]): why for net, why in zip(networks, refusals, strict=True) if why}
    return Removed(
        containers=tuple(sorted(item.name for item in containers if item.name not in left)),
        networks=tuple(sorted(str(net["Name"]) for net in networks if net["Name"] not in used)),
        left={**left, **used},
    )


def remove_leftovers(engine: EnginePort, stack: Stack, run_id: str) -> Removed:
    """Removes what earlier runs of this stack left behind, except what was meant to stay."""

    def spare(labels: Mapping[str, str]) -> bool:
        return labels.get(RUN) == run_id or KEEP in labels

    return remove_owned(engine, {STACK: stack_id(stack)}, spare=spare)


def has_data(container: Container) -> bool:
    """True when the container can write somewhere that outlives it."""
    return any(
        mount.kind in {"volume", "bind"} and not mount.read_only and not _is_anonymous(mount.source)
        for mount in container.mounts
    )


# Private

_ANONYMOUS = 64
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def _together(
    work: Callable[[_Item], _Answer], items: Sequence[_Item], *, at_once: int
) -> list[_Answer]:
    """The work's answer for every item; once the engine fails to answer, no more is begun."""
    with ThreadPoolExecutor(at_once, thread_name_prefix="stacktest-cleanup") as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _is_anonymous(source: str) -> bool:
    """The engine names a volume without a name with 64 hexadecimal digits."""
    return len(source) == _ANONYMOUS and all(digit in "0123456789abcdef" for digit in source)


def _last_first(containers: Sequence[Container], order: Sequence[str]) -> list[list[Container]]:
    """Dependants first; what `order` does not know goes first of all, together."""
    place = {service: rank for rank, service in enumerate(order)}
    waves: dict[int, list[Container]] = {}
    for container in containers:
        waves.setdefault(place.get(container.service, len(place)), []).append(container)
    return [waves[rank] for rank in sorted(waves, reverse=True)]
