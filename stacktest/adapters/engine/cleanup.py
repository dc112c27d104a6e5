"""Removes what a run created, chosen by labels only; containers with data are stopped first."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct, field

from stacktest.adapters.engine.labels import COPY_OF, KEEP, RUN, STACK, UPDATE, stack_id
from stacktest.adapters.engine.port import EnginePort
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container

REMOVING = 4
"""Largest number of removals at the same time: Engine 20.10 has locked up with more."""
ENDING = 16
"""Largest number of containers that are stopped at the same time."""


class Removed(Struct, frozen=True, kw_only=True):
    """Names of removed objects; `left` has those that could not be removed, with the reason."""

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
    """Remove the containers, networks and volumes with these labels.

    Only the volumes of a copy and of an update carry labels; those of a stack are never removed.
    Containers without a writable volume or bind mount have no data to save: they are killed,
    several at once. The others are stopped within their own grace period (`stop_grace_period`),
    dependants first: `order` lists services, dependencies first. `spare` tells by labels what to
    leave.
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
    """Remove what earlier runs of this stack left behind, except what is labelled to be kept."""

    def spare(labels: Mapping[str, str]) -> bool:
        return labels.get(RUN) == run_id or KEEP in labels

    return remove_owned(engine, {STACK: stack_id(stack)}, spare=spare)


def has_data(container: Container) -> bool:
    """Whether the container can write to a named volume or bind mount, which outlives it."""
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
    """The result of the work for every item; after an exception, no further item is started."""
    with ThreadPoolExecutor(at_once, thread_name_prefix="stacktest-cleanup") as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _is_anonymous(source: str) -> bool:
    """Whether the engine chose the name of the volume: 64 hexadecimal digits."""
    return len(source) == _ANONYMOUS and all(digit in "0123456789abcdef" for digit in source)


def _last_first(containers: Sequence[Container], order: Sequence[str]) -> list[list[Container]]:
    """Groups of containers, dependants first; containers that `order` does not list come first."""
    place = {service: rank for rank, service in enumerate(order)}
    waves: dict[int, list[Container]] = {}
    for container in containers:
        waves.setdefault(place.get(container.service, len(place)), []).append(container)
    return [waves[rank] for rank in sorted(waves, reverse=True)]
