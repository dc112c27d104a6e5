"""What one function's text holds: its checks, what it refers to, and where it may end before."""

import ast

from msgspec import Struct, field

from stacktest.adapters.code_reference import Reference
from stacktest.core.changed_copy import replace


class Import(Struct, frozen=True):
    """What a function imports by one name: `from a import b` is module `a`, attribute `b`."""

    module: str
    level: int = 0
    attribute: str = ""


class Guard(Struct, frozen=True):
    """Lines that check nothing where something is what it may be: only who knows it can tell.

    A `with` of it swallows what fails in its body, or it is asserted and never false.
    """

    reference: Reference
    lines: range
    checks: int


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Name → what a statement imports by it."""
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return {a.asname or a.name: Import(module, node.level, a.name) for a in node.names}
    names = [(a.asname, a.name if a.asname else a.name.partition(".")[0]) for a in node.names]
    return {alias or module: Import(module) for alias, module in names}


class Sites(Struct):
    """The checks in one function's text, and everything that it refers to."""

    checks: int = 0
    loose: list[range] = field(default_factory=list)
    """Those of each in a loop, a condition or an inner function that is no failure itself."""
    of_all: list[range] = field(default_factory=list)
    """Those of each that holds where `all(…)` has nothing to go through."""
    after_return: list[range] = field(default_factory=list)
    """Those of each that is none of these, and before which the function may return."""
    guards: list[Guard] = field(default_factory=list)
    asserted: list[Guard] = field(default_factory=list)
    """Each `assert` of a name, or of a call by a name, as it is."""
    imports: dict[str, Import] = field(default_factory=dict)
    """Name → what the function itself imports by it."""
    swallows: bool = False
    """Whether it is a context manager in whose `with` failures end."""
    is_failure: bool = False
    """Whether it fails without a condition: then what leads to its call is the check."""
    is_followed_up: bool = False
    """Whether something that it hands on runs after the test, where nobody watches."""
    references: list[Reference] = field(default_factory=list)
    early_returns: list[int] = field(default_factory=list)
    """Lines of `return`, in no loop, that stand before the first of the checks.

    Not those before a failure without a condition: there, what leads to the `return` is the check.
    """
    left_late: frozenset[int] = frozenset()
    """Lines that run after a `return` in their block: of `with` and `finally`."""

    def without(self, guard: Guard) -> "Sites":
        """The same where what stands in these lines checks nothing."""

        def remains(lines: range) -> bool:
            return lines.start not in guard.lines

        return replace(
            self,
            checks=self.checks - guard.checks,
            loose=list(filter(remains, self.loose)),
            of_all=list(filter(remains, self.of_all)),
            after_return=list(filter(remains, self.after_return)),
            references=[r for r in self.references if r.line not in guard.lines],
        )
