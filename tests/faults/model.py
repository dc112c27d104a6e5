"""A fault: how a throw-away copy of the reference stack is broken, and which checks must see it.

Steps say what is done to the copy. Everything else follows: which services are touched, and so
what is made anew afterwards.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `old`, which must occur exactly once, in a file of the copied folder."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Write:
    """A file of the copied folder with this content, or no file when it is None."""

    file: str
    content: str | None


@dataclass(frozen=True, slots=True)
class Inside:
    """A shell command in the container of a service."""

    service: str
    command: str


@dataclass(frozen=True, slots=True)
class Outside:
    """A shell command in the copied folder, `$PROJECT` being the name of the copy."""

    command: str


@dataclass(frozen=True, slots=True)
class Recreate:
    """New containers, as the copied folder says now; what their volumes hold is kept."""

    services: tuple[str, ...]

    def __init__(self, *services: str) -> None:
        object.__setattr__(self, "services", services)


@dataclass(frozen=True, slots=True)
class Pin:
    """The image of a service gets another version's tag, as after an update that did not happen."""

    service: str
    tag: str = "99.9"


Step = Edit | Write | Inside | Outside | Recreate | Pin


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way to break one service."""

    name: str
    """What is wrong, as a short sentence; unique."""
    service: str
    phase: str
    seed: tuple[Step, ...]
    red: tuple[str, ...]
    """Checks that must fail: `test_caddy::test_x`, with `[…]` for one of its cases, `::*` for all."""
    but: tuple[str, ...] = ()
    """Checks of `red` that stay green."""
    watch: tuple[str, ...] = ()
    """Further files whose checks must all stay green."""
    undo: tuple[Step, ...] | None = None
    """How the copy is healed once its files are; None: touched services are made anew, empty."""
    more: tuple[str, ...] = ()
    """Services that must be made anew as well."""
    needs: tuple[str, ...] = ()
    """Services that the checks ask for besides the broken one."""

    @property
    def title(self) -> str:
        """The name with the service in front, once."""
        is_titled = self.name.startswith((f"{self.service}: ", "hardening: "))
        return self.name if is_titled else f"{self.service}: {self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        """The files whose checks are run, each once."""
        named = [check.partition("::")[0] for check in self.red]
        return tuple(dict.fromkeys([*named, *self.watch]))

    @property
    def touched(self) -> tuple[str, ...]:
        """Services that the seed reaches into."""
        found: list[str] = list(self.more)
        for step in self.seed:
            if isinstance(step, Inside | Pin):
                found.append(step.service)
            elif isinstance(step, Recreate):
                found += step.services
        return tuple(dict.fromkeys(found))


def matches(pattern: str, nodeid: str) -> bool:
    """Whether `test_file::test_name` (all cases) or `test_file::*` covers a node id."""
    file, _, name = pattern.partition("::")
    path, _, test = nodeid.partition("::")
    if path.rpartition("/")[2] != f"{file}.py":
        return False
    return name in ("*", test, test.partition("[")[0])


def expected(fault: Fault, nodeids: frozenset[str]) -> frozenset[str]:
    """The node ids that must be red; a pattern that covers nothing is a mistake in the catalogue."""
    chosen: set[str] = set()
    for pattern in (*fault.red, *fault.but):
        covered = {nodeid for nodeid in nodeids if matches(pattern, nodeid)}
        if not covered:
            raise ValueError(f"{fault.name!r} names {pattern!r}, and there is no such check")
        chosen = chosen - covered if pattern in fault.but else chosen | covered
    return frozenset(chosen)
