"""Data about one function's text: its checks, its references, and its early returns."""

import ast

from msgspec import Struct, field

from stacktest.adapters.code_reference import Reference
from stacktest.core.changed_copy import replace


class Import(Struct, frozen=True):
    """An import in a function: `from a import b` is module `a`, attribute `b`."""

    module: str
    level: int = 0
    attribute: str = ""


class Guard(Struct, frozen=True):
    """Lines that check nothing if `reference` is a certain object, which the text does not show.

    Either it is a `with` that swallows failures in its body, or it is asserted and never false.
    """

    reference: Reference
    lines: range
    checks: int


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Name → the import that a statement binds to it."""
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return {a.asname or a.name: Import(module, node.level, a.name) for a in node.names}
    names = [(a.asname, a.name if a.asname else a.name.partition(".")[0]) for a in node.names]
    return {alias or module: Import(module) for alias, module in names}


class Sites(Struct):
    """The checks in one function's text, and all of its references."""

    checks: int = 0
    loose: list[range] = field(default_factory=list)
    """Lines of each check in a loop, a condition or an inner function; not of plain failures."""
    of_all: list[range] = field(default_factory=list)
    """Lines of each check that is true if `all(…)` has no items."""
    after_return: list[range] = field(default_factory=list)
    """Lines of each other check before which the function may return."""
    guards: list[Guard] = field(default_factory=list)
    asserted: list[Guard] = field(default_factory=list)
    """Each `assert` of a name, or of a call by a name, as it is."""
    imports: dict[str, Import] = field(default_factory=dict)
    """Name → the import inside of the function that binds it."""
    swallows: bool = False
    """Whether it is a context manager that swallows failures in its `with` block."""
    is_failure: bool = False
    """Whether it always fails: then the condition of its call is the check."""
    is_followed_up: bool = False
    """Whether it registers a function that runs after the test, where calls are not observed."""
    references: list[Reference] = field(default_factory=list)
    early_returns: list[int] = field(default_factory=list)
    """Lines of each `return`, outside of loops, before the first check.

    Not of those before an unconditional failure: there, the condition of the `return` is the check.
    """
    left_late: frozenset[int] = frozenset()
    """Lines that run after a `return` in their block: of `with` and `finally`."""

    def without(self, guard: Guard) -> "Sites":
        """A copy without the checks and references in the guard's lines."""

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
