"""Declared moves of a run's containers, and whether they fully explain changed containers.

A move records the containers of a service before and after it. Credit accepts other containers at
the end than at the beginning only if declared moves lead from the first to the last without a gap:
an undeclared restart is a gap. A service that depends on the moved one may restart along with it,
so a move also records the containers of dependants. Answers during a variant are not credited to
the service, so a variant without an end, such as that of a crashed worker, is a gap as well.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.model import Stack
from stacktest.core.plan import needs_of
from stacktest.core.records.common import ContainerRef

Containers = tuple[ContainerRef, ...]
VARIANT, VARIANT_END = "variant", "variant_end"


class Move(Struct, frozen=True, kw_only=True):
    """One declared move of one service, with the containers of the services that need it."""

    service: str
    kind: str
    """restart, stop, start, recreate, crash, variant, variant_end, or `settled`: the end of a test
    that moved it."""
    before: Mapping[str, Containers] = field(default_factory=dict)
    """Service → its containers; the moved service and its dependants."""
    after: Mapping[str, Containers] = field(default_factory=dict)
    seconds: float | None = None
    """How long it took until the service was ready again, or had ended; None: not waited for, or
    failed."""


def explains(
    moves: Iterable[Move], service: str, first: Iterable[ContainerRef], last: Iterable[ContainerRef]
) -> bool:
    """Whether declared moves lead from the first containers of a service to the last ones."""
    current, variants = frozenset(first), set[str]()
    for move in moves:
        if service not in move.before:
            continue
        is_again = move.kind == VARIANT and move.service in variants
        if is_again or frozenset(move.before[service]) != current:
            return False
        current = frozenset(move.after.get(service, ()))
        if move.kind == VARIANT:
            variants.add(move.service)
        elif move.kind == VARIANT_END:
            variants.discard(move.service)
    return not variants and current == frozenset(last)


def longest_moves(moves: Iterable[Move], service: str) -> dict[str, int]:
    """Kind of move → milliseconds that the longest one of `service` took."""
    longest: dict[str, int] = {}
    for move in moves:
        if move.service == service and move.seconds is not None:
            longest[move.kind] = max(round(move.seconds * 1000), longest.get(move.kind, 0))
    return longest


def dependants_of(stack: Stack, service: str) -> tuple[str, ...]:
    """The services that need `service`, directly or not, sorted."""
    needs = {name: set(needs_of(stack, name)) for name in stack.services}
    dependants: set[str] = set()
    while (
        more := {name for name, needed in needs.items() if needed & {service, *dependants}}
        - dependants
    ):
        dependants |= more
    return tuple(sorted(dependants - {service}))


def without_moved(
    fallen: Mapping[str, str], moves: Iterable[Move], after: Mapping[str, ServiceObservation]
) -> dict[str, str]:
    """Services that are not ready any more, without those that a declared move replaced cleanly."""
    moved = {name for move in moves for name in move.after}
    return {
        name: why
        for name, why in fallen.items()
        if name not in moved or name not in after or after[name].drift
    }
