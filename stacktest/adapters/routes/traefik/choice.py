"""Alternatives of routers' rules, in the order in which Traefik tries them."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.route import Listener, Route
from stacktest.core.routing import covers


class Choice(Struct, frozen=True, kw_only=True):
    """One alternative of a router's rule: which requests it takes, and what happens to them."""

    hosts: tuple[str, ...]
    """Names or expressions; empty: every name."""
    other_hosts: tuple[str, ...]
    asks_for_path: bool
    others: str
    """What it asks for besides the host."""
    steps: tuple[Route, ...]
    listeners: tuple[Listener, ...] | None
    """None: it is not known where."""
    priority: int
    basis: str

    def fits(self, host: str) -> bool:
        """Whether a request for the host, a name or an expression, can be for it."""
        if any(covers(pattern, host) for pattern in self.other_hosts):
            return False
        return not self.hosts or any(p == host or covers(p, host) for p in self.hosts)


def steps_of(choices: Iterable[Choice]) -> Iterator[Route]:
    """The steps of choices, highest priority first; of equal ones for the same requests, any."""
    for _, equal in groupby(choices, key=lambda choice: choice.priority):
        alike: dict[str, list[Choice]] = {}
        for choice in equal:
            alike.setdefault(choice.others, []).append(choice)
        for *several, last in alike.values():
            for choice in several:
                yield from (replace(step, is_final=False) for step in choice.steps)
            yield from last.steps
