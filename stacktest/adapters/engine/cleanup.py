"""Marks what stacktest creates, and removes by those marks alone.

    label               on                       says
    stacktest.run       containers, networks     the run that created it
    stacktest.stack     containers, networks     the folder of the stack, as a digest
    stacktest.stanza    containers               digest of the stanza that it was created from
    stacktest.holder    probe containers         the process that stands on them
    stacktest.keep      containers, networks     meant to outlive its run (`up`, `--stack-keep`)

The labels reach Compose as one more file on standard input. A network that exists already keeps
its labels, since newer versions of Compose replace a network whose definition differs. Volumes get
no labels and are never removed: only a person names a volume to be removed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from stacktest.core.model import Json, Service, Stack
from stacktest.core.observed_state import Container

RUN = "stacktest.run"
STACK = "stacktest.stack"
STANZA = "stacktest.stanza"
HOLDER = "stacktest.holder"
KEEP = "stacktest.keep"
REMOVING = 4
"""How many removals the engine has to do at once: with many, Engine 20.10 was seen to lock up."""
ENDING = 16
"""How many programs are waited for at once."""


class Remover(Protocol):
    """The part of the engine that removing needs."""

    def containers(
        self, project: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Container, ...]:
        """Containers with these labels."""

    def networks(self, labels: Mapping[str, str]) -> tuple[Json, ...]:
        """Networks with these labels."""

    def stop(self, id: str, *, grace: float | None = None) -> None:  # noqa: A002
        """Asks a container to end."""

    def remove(self, id: str) -> str:  # noqa: A002
        """Kills and removes a container."""

    def remove_network(self, id: str) -> str:  # noqa: A002
        """Removes a network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What was removed, by name, and what could not be, with the engine's reason."""

    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)


def stack_id(root: Path) -> str:
    """The mark of the stack in this folder."""
    return hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]


def holding(root: Path, run_id: str, holder: str) -> dict[str, str]:
    """The labels of what one part of a run starts for itself, and removes itself."""
    return {RUN: run_id, STACK: stack_id(root), HOLDER: f"{run_id}.{holder}"}


def stanza_mark(service: Service) -> str:
    """Digest of the stanza, to tell whether a container still is what the stack says."""
    written = json.dumps(service.definition, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def override(
    stack: Stack,
    services: Iterable[str],
    run_id: str,
    *,
    networks: Mapping[str, Mapping[str, str]],
    keep: bool = False,
) -> Json:
    """The compose document that adds our labels; `networks` are those that exist, with labels."""
    marks = {RUN: run_id, STACK: stack_id(stack.root), **({KEEP: "yes"} if keep else {})}
    chosen = sorted(services)
    document: dict[str, Json] = {
        "services": {
            name: {"labels": {**marks, STANZA: stanza_mark(stack.services[name])}}
            for name in chosen
        }
    }
    used = {key for name in chosen for key in stack.services[name].networks}
    labelled: dict[str, Json] = {}
    for key in sorted(used):
        definition = stack.definitions.get("networks", {}).get(key) or {}
        if definition.get("external"):
            continue
        name = definition.get("name", f"{stack.name}_{key}")
        labels = dict(networks[name]) if name in networks else dict(marks)
        ours = {label: value for label, value in labels.items() if label.startswith("stacktest.")}
        if ours:
            labelled[key] = {"labels": ours}
    if labelled:
        document["networks"] = labelled
    return document


def remove_owned(
    engine: Remover,
    labels: Mapping[str, str],
    *,
    order: Sequence[str] = (),
    grace: float | None = None,
    spare: Callable[[Mapping[str, str]], bool] = lambda _: False,
) -> Removed:
    """Removes the containers and networks with these labels, all at once where nothing is at risk.

    A container without a writable volume or bind mount has nothing to save and is killed. The
    others are asked to end (`grace` seconds, default their own setting), dependants first:
    `order` lists services with dependencies first. `spare` says by labels what to leave.
    """
    if not ({RUN, STACK} & set(labels)):
        raise ValueError("only what carries stacktest's own label may be removed")
    found = [each for each in engine.containers(labels=labels) if not spare(each.labels)]
    careful = [each for each in found if has_data(each) and each.is_running]
    left: dict[str, str] = {}

    def remove(each: Container) -> None:
        if why := engine.remove(each.id):
            left[each.name] = why

    def end(each: Container) -> None:
        engine.stop(each.id, grace=grace)
        remove(each)

    _together(remove, [each for each in found if each not in careful], at_once=REMOVING)
    for wave in _last_first(careful, order):
        _together(end, wave, at_once=ENDING)
    nets = [each for each in engine.networks(labels) if not spare(each.get("Labels") or {})]
    answers = _together(lambda each: engine.remove_network(each["Id"]), nets, at_once=REMOVING)
    kept = {str(each["Name"]): why for each, why in zip(nets, answers, strict=True) if why}
    return Removed(
        containers=tuple(sorted(each.name for each in found if each.name not in left)),
        networks=tuple(sorted(str(each["Name"]) for each in nets if each["Name"] not in kept)),
        left={**left, **kept},
    )


def remove_leftovers(engine: Remover, stack: Stack, run_id: str) -> Removed:
    """Removes what earlier runs of this stack left behind, except what was meant to stay."""

    def spare(labels: Mapping[str, str]) -> bool:
        return labels.get(RUN) == run_id or KEEP in labels

    return remove_owned(engine, {STACK: stack_id(stack.root)}, grace=1, spare=spare)


def has_data(container: Container) -> bool:
    """True when the container can write somewhere that outlives it."""
    return any(
        mount.kind in {"volume", "bind"} and not mount.read_only and not _is_anonymous(mount.source)
        for mount in container.mounts
    )


# Private

_ANONYMOUS = 64
_Thing = TypeVar("_Thing")
_Answer = TypeVar("_Answer")


def _together(
    work: Callable[[_Thing], _Answer], things: Sequence[_Thing], *, at_once: int
) -> list[_Answer]:
    """What the work answers for each; once the engine fails to answer, nothing more is begun."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            return list(pool.map(work, things))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _is_anonymous(source: str) -> bool:
    """The engine names a volume without a name with 64 hexadecimal digits."""
    return len(source) == _ANONYMOUS and all(digit in "0123456789abcdef" for digit in source)


def _last_first(containers: Sequence[Container], order: Sequence[str]) -> list[list[Container]]:
    """Dependants first; what `order` does not know goes first of all, together."""
    place = {service: at for at, service in enumerate(order)}
    waves: dict[int, list[Container]] = {}
    for each in containers:
        waves.setdefault(place.get(each.service, len(place)), []).append(each)
    return [waves[at] for at in sorted(waves, reverse=True)]
