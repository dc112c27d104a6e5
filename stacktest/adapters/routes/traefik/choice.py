"""The alternatives of all routers' rules, in the order in which Traefik tries them."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.route import Listener, Route
from stacktest.core.routing import covers


class Choice(Struct, frozen=True, kw_only=True):
    """One alternative of a router's rule: its conditions on requests, and the steps they take."""

    hosts: tuple[str, ...]
    """Names or expressions; empty: every name."""
    other_hosts: tuple[str, ...]
    asks_for_path: bool
    others: str
    """The conditions other than those on the host, as text; equal texts mean equal requests."""
    steps: tuple[Route, ...]
    listeners: tuple[Listener, ...] | None
    """Where the router listens; None: not known."""
    priority: int
    basis: str

    def fits(self, host: str) -> bool:
        """Whether a request for `host`, a name or an expression, can match."""
        if any(covers(pattern, host) for pattern in self.other_hosts):
            return False
        return not self.hosts or any(p == host or covers(p, host) for p in self.hosts)


def steps_of(choices: Iterable[Choice]) -> Iterator[Route]:
    """The steps of `choices`, which are sorted by priority; of equal ones Traefik takes any."""
    for _, equal in groupby(choices, key=lambda choice: choice.priority):
        alike: dict[str, list[Choice]] = {}
        for choice in equal:
            alike.setdefault(choice.others, []).append(choice)
        for *several, last in alike.values():
            for choice in several:
                yield from (replace(step, is_final=False) for step in choice.steps)
            yield from last.steps
