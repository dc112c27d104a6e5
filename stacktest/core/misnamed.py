"""Names in `service` markers and in the configuration that the stack lacks, as after a renaming.

A test with such a name cannot run. It costs no other service its verdict: a test that names a
service of the stack as well is unfinished, and neither fails nor proves that service.
"""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct

from stacktest.core.collected_test import Collected
from stacktest.core.compose_command import compose_command
from stacktest.core.model import Stack
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError


class Misnamed(Struct, frozen=True, kw_only=True):
    """One name that the stack lacks: where tests or the configuration use it, and what to do."""

    name: str
    places: tuple[str, ...]
    """`file:line` of each marker or entry."""
    hint: str
    kind: str = "a service"
    """What the name should be."""
    closes: bool = True
    """Whether the gate stays closed until it is corrected."""

    @property
    def cause(self) -> str:
        """One sentence that begins with the places."""
        verb = "names" if len(self.places) == 1 else "name"
        return (
            f"{_joined(self.places)} {verb} '{self.name}', which is not {self.kind} of this stack"
        )

    @property
    def warning(self) -> str:
        """The sentence and what to do, in one line."""
        return f"{self.cause}; {self.hint}"

    @property
    def failure(self) -> StartFailure:
        """Why a test that uses the name cannot run."""
        return StartFailure(service=self.name, cause=self.cause, hint=self.hint, code="SK-USAGE")


def misnamed_services(
    stack: Stack,
    tests: Iterable[Collected],
    recorded: Callable[[], Collection[str]],
    place_of: Callable[[Collected, str], str],
) -> tuple[Misnamed, ...]:
    """The names in `tests` that the stack lacks, sorted.

    `recorded` lists the names that have records, and is only called if a name is wrong: a service
    without a test and a record may be the new name.
    """
    tests = tuple(tests)
    places: dict[str, dict[str, None]] = {}
    for test in tests:
        for name in test.services:
            if name not in stack.services:
                places.setdefault(name, {})[place_of(test, name)] = None
    if not places:
        return ()
    known = {*recorded(), *(name for test in tests for name in test.services)}
    return tuple(
        Misnamed(name=name, places=tuple(places[name]), hint=_hint(stack, name, known))
        for name in sorted(places)
    )


def names_of(misnamed: Iterable[Misnamed]) -> set[str]:
    """The names alone."""
    return {item.name for item in misnamed}


def refuse_misnamed(misnamed: Iterable[Misnamed]) -> None:
    """Raise a UsageError for the first of them, if there is any."""
    for item in misnamed:
        raise UsageError(item.cause, hint=item.hint)


# Private

_MOST = 3


def _hint(stack: Stack, name: str, known: Collection[str]) -> str:
    if near := did_you_mean(name, stack.services):
        return f"{near} write it there"
    new = sorted(set(stack.default_services()).difference(known, [stack.front_door]))
    if new and len(new) <= _MOST:
        return f"write its new name there, if it was renamed: {' or '.join(new)}?"
    return (
        "write the name of a service there, or remove the test: "
        f"{compose_command(stack, 'config', '--services')}"
    )


def _joined(places: tuple[str, ...]) -> str:
    more = len(places) - _MOST
    return ", ".join(places[:_MOST]) + (f" and {more} more" if more > 0 else "")
