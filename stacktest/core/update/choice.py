"""Which services an update replaces, whose data it has to save, and why it may be refused."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from stacktest.core.freshness.reasons import MADE_FROM, Reason
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import dependencies_of
from stacktest.core.records.common import ContainerRef
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.rehearsal.refusals import host_part
from stacktest.core.shared_network import tenants_of
from stacktest.core.unknown import Unknown

_RUNNING = "container:"
"""Prefix of reasons about a container's state, not about its definition."""
_SHARED = ("network:", "volume:")
"""Prefixes of reasons about shared networks and volumes, which recreating does not change."""
_MADE_FROM = tuple(f"{kind}:" for kind in sorted(MADE_FROM))
"""Prefixes of reasons that explain the others."""


def differences(drift: Iterable[str]) -> tuple[str, ...]:
    """The reasons for drift that recreating the service ends."""
    return tuple(
        reason for reason in drift if not reason.startswith((_RUNNING, *_SHARED, *_MADE_FROM))
    )


def edited_files(differs: Iterable[str]) -> tuple[str, ...]:
    """The mounted files that were edited since the container read them."""
    reasons = [Reason(text) for text in differs]
    return tuple(reason.subject for reason in reasons if reason.kind == "stale")


def with_tenants(stack: Stack, chosen: Iterable[str]) -> frozenset[str]:
    """The services, and those that run in their networks or use their volumes or processes."""
    replaced = set(chosen)
    while (
        more := {
            name
            for service in replaced
            for name in (*tenants_of(stack, service), *_heirs(stack, service))
        }
        - replaced
    ):
        replaced |= more
    return frozenset(replaced)


def whose_data(stack: Stack, replaced: Collection[str]) -> frozenset[str]:
    """Services whose data the replaced ones may change: themselves, and all that they need."""
    names, todo = set(replaced), list(replaced)
    while todo:
        for need in dependencies_of(stack, todo.pop()):
            if need.service not in names:
                names.add(need.service)
                todo.append(need.service)
    return frozenset(names)


class DataSources(Struct, frozen=True, kw_only=True):
    """The data of services, by the engine's names."""

    sources: Mapping[str, tuple[str, ...]]
    """Volume or path of the host → the services that write to it."""
    left_out: Mapping[str, str]
    """Writable path of the host that is not copied → its description."""


def data_sources(containers: Iterable[Container], services: Collection[str]) -> DataSources:
    """Volumes and folders that the services' containers can write to and that outlive them."""
    sources: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    for container in containers:
        for mount in container.mounts:
            if container.service not in services or mount.read_only:
                continue
            if mount.kind == "volume":
                sources.setdefault(mount.source, []).append(container.service)
            elif mount.kind == "bind" and (part := host_part(mount.source)):
                left_out[mount.source] = part
            elif mount.kind == "bind":
                sources.setdefault(mount.source, []).append(container.service)
    return DataSources(
        sources={name: tuple(sorted(set(users))) for name, users in sorted(sources.items())},
        left_out=left_out,
    )


def lacks_baseline(
    last_pass: LastPass | Unknown | None,
    last_run: LastRun | Unknown | None,
    containers: tuple[ContainerRef, ...] | Unknown,
    state: State,
    *,
    restored: Collection[str] = (),
) -> str:
    """Why the running containers are not known to work; empty: they are.

    `restored` are ids of containers that an update put back and that then passed their tests.
    """
    if last_pass is None or isinstance(last_pass, Unknown):
        return "it has no pass"
    if state is State.FAILING:
        return "its tests fail"
    if isinstance(last_run, LastRun) and not last_run.is_finished:
        return "its last run never came to its end"
    if isinstance(containers, Unknown):
        return containers.why
    passed = {(ref.container, ref.image) for ref in last_pass.live}
    is_passed = passed == {(ref.container, ref.image) for ref in containers}
    is_restored = bool(containers) and {ref.container for ref in containers} <= {*restored}
    return "" if is_passed or is_restored else "its pass is of another container"


def platform_refusal(old: Json, candidate: Json) -> str:
    """Why an image cannot replace another: its platform differs; empty: it can."""
    was, is_now = _platform(old), _platform(candidate)
    return "" if was == is_now else f"its image is for {is_now}, and {was} runs"


# Private


def _heirs(stack: Stack, owner: str) -> Iterable[str]:
    """Services that mount the volumes of `owner`, or share its process or IPC name space."""
    for name, service in stack.services.items():
        definition = service.definition if isinstance(service.definition, dict) else {}
        from_others = {str(s).partition(":")[0] for s in definition.get("volumes_from") or ()}
        shared = {definition.get(key) for key in ("pid", "ipc")}
        if owner in from_others or f"service:{owner}" in shared:
            yield name


def _platform(image: Json) -> str:
    parts = (image.get("Os"), image.get("Architecture"), image.get("Variant"))
    return "/".join(str(part) for part in parts if part)
