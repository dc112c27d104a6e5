"""Chooses the checks that tell a program from everything else that may answer in its place."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.checks import Check, Header

Others = Mapping[str, Collection[RecordedAnswer]]
"""Who else may answer → what it answers, to whatever it was asked."""


class Choice(Struct, frozen=True, kw_only=True):
    """The status and the checks of one answer."""

    status: int
    checks: tuple[Check, ...]
    confused: tuple[str, ...] = ()
    """Who else passes all of them."""

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the answer passes."""
        return answer.status == self.status and all(check.holds(answer) for check in self.checks)


def choose(status: int, suggestions: Sequence[Check], others: Others) -> Choice | None:
    """The first check that by itself refuses all others, else as many as it takes.

    `suggestions` are the most telling first, and all hold for the program. Who passes all the same
    is named; None where nothing tells the program from anybody.
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
    """Whether it only tells the library that serves: many programs share one."""
    return isinstance(check, Header) and check.name == "server"


# Private


def _together(status: int, suggestions: Sequence[Check], others: Others) -> Choice | None:
    """Checks of which each refuses an answer that those before it let pass."""
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
    """Those of the others who pass all checks, with the answers that do."""
    passing = {
        name: tuple(answer for answer in answers if all(check.holds(answer) for check in checks))
        for name, answers in others.items()
    }
    return {name: answers for name, answers in passing.items() if answers}
