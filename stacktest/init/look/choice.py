"""Chooses the checks that distinguish a program from others that may answer in its place."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.checks import Check, Header

Others = Mapping[str, Collection[RecordedAnswer]]
"""Another program that may answer → its recorded answers to all requests."""


class Choice(Struct, frozen=True, kw_only=True):
    """The expected status and checks for one answer."""

    status: int
    checks: tuple[Check, ...]
    confused: tuple[str, ...] = ()
    """The other programs that pass all of the checks."""

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the answer passes the status and all checks."""
        return answer.status == self.status and all(check.holds(answer) for check in self.checks)


def choose(status: int, suggestions: Sequence[Check], others: Others) -> Choice | None:
    """The first check that alone refuses all others, else as many checks as are needed.

    `suggestions` all hold for the program, the most specific first. Others that still pass are in
    `confused`; None if no check refuses any of them.
    """
    alike = {
        name: tuple(answer for answer in answers if answer.status == status)
        for name, answers in others.items()
    }
    telling = [check for check in suggestions if not is_of_a_server(check)] or suggestions
    for check in telling:
        if not _passing((check,), alike):
            return Choice(status=status, checks=(check,))
    return _together(status, suggestions, alike)


def is_of_a_server(check: Check) -> bool:
    """Whether the check is about the `server` header: many programs share a server library."""
    return isinstance(check, Header) and check.name == "server"


# Private


def _together(status: int, suggestions: Sequence[Check], others: Others) -> Choice | None:
    """Checks, each of which refuses an answer that those before it accept."""
    checks: tuple[Check, ...] = ()
    remaining = sum(map(len, others.values()))
    for check in suggestions:
        passing = sum(map(len, _passing((*checks, check), others).values()))
        if passing < remaining:
            checks, remaining = (*checks, check), passing
    confused = _passing(checks, others)
    if not checks:
        return None
    return Choice(status=status, checks=checks, confused=tuple(sorted(confused)))


def _passing(checks: Sequence[Check], others: Others) -> Others:
    """The others that pass all checks, each with the answers that pass."""
    passing = {
        name: tuple(answer for answer in answers if all(check.holds(answer) for check in checks))
        for name, answers in others.items()
    }
    return {name: answers for name, answers in passing.items() if answers}
