"""A use of a name in a function's text; a call may be a check by its name alone.

Names of checking functions are `expect`, `raises`, `assertEqual` and similar ones.
"""

import ast

from msgspec import Struct

from stacktest.adapters.suite_code import imported_by_call

CHECKING_CALLS = frozenset(
    {
        *("expect", "raises", "warns", "deprecated_call", "fail", "ensure", "validate"),
        *("until", "until_not", "verify", "wait_for_event"),
        *("raise_for_status", "check_call", "check_output", "check_returncode"),
        *("wait_for", "wait_for_selector", "wait_for_url", "wait_for_function"),
    }
)
CHECKING_PREFIXES = ("assert", "verify_", "expect_", "should_", "validate_", "model_validate")
EXITS = frozenset({("sys", "exit"), ("exit",), ("quit",)})
"""Functions that raise `SystemExit`, which fails a test."""
NO_LINES = range(0)
ANY = "*"
"""The end of an attribute's name of which the text gives only the beginning, or nothing."""
IMPORT = "import "
"""The prefix of the first part of a chain if it is a module that a call imports."""


class Reference(Struct, frozen=True):
    """A dotted name: `("self", "assertEqual")`, `("inside()", "run")` on a call's result."""

    chain: tuple[str, ...]
    is_call: bool = False
    is_idle: bool = False
    """A call that checks nothing despite its name: of constants, or `expect(x)` alone."""
    is_dropped: bool = False
    """The result of the call is not used: a coroutine would never run."""
    is_deferred: bool = False
    """It is not called at this place: it is passed on, or is in a lambda or comprehension."""
    is_of_all: bool = False
    """It checks `all(…)`, which is true if there are no items."""
    line: int = 0
    lines: range = NO_LINES
    """The lines of its statement, if that may not be reached."""

    @property
    def root(self) -> str:
        """The first name of the chain; empty if the chain begins with another expression."""
        return self.chain[0].removesuffix("()")

    @property
    def is_method(self) -> bool:
        """Whether it is an attribute of another value."""
        return len(self.chain) > 1

    @property
    def checks_by_name(self) -> bool:
        """Whether it calls a function whose name is that of a checking function."""
        name = self.chain[-1]
        known = name in CHECKING_CALLS or name.startswith(CHECKING_PREFIXES)
        return self.is_call and known and not self.is_idle


def chain_of(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` → `("a", "b", "c")`; the first part is `f()` for a call, empty for others."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (*chain_of(node.value), node.attr)
    if not isinstance(node, ast.Call):
        return ("",)
    return looked_up(node) or (_as_called(chain_of(node.func)[0]),)


def looked_up(node: ast.Call) -> tuple[str, ...]:
    """The chain of names for a call that only looks a name up; empty for any other call.

    getattr(a, "b")      `("a", "b")`
    getattr(a, f"b{c}")  `("a", "b*")`
    methodcaller("b")    `("methodcaller()", "b")`
    import_module("a")   `("import a",)`
    """
    name = node.func.attr if isinstance(node.func, ast.Attribute) else last_name(node.func)
    if name == "getattr" and len(node.args) > 1:
        return (*chain_of(node.args[0]), _text(node.args[1]))
    if name in ("methodcaller", "attrgetter") and node.args:
        return (_as_called(name), _text(node.args[0]))
    module = imported_by_call(node)
    return (f"{IMPORT}{module}",) if module else ()


def reference_to(node: ast.expr) -> Reference | None:
    """The reference of a name, or of a call by a name; None for any other expression."""
    is_call = isinstance(node, ast.Call)
    chain = chain_of(node.func if isinstance(node, ast.Call) else node)
    return Reference(chain, is_call=is_call, line=node.lineno) if is_named(chain) else None


def is_named(chain: tuple[str, ...]) -> bool:
    """Whether the chain begins with a name, not with the value of an expression."""
    return bool(chain[0]) and not chain[0].endswith("()")


def last_name(node: ast.expr | None) -> str:
    """`c` for `a.b.c`; `a()` for a call of `a`; empty for None."""
    return chain_of(node)[-1] if node is not None else ""


def is_expectation(chain: tuple[str, ...]) -> bool:
    """Whether it is like `expect(page).to_have_title`, which asynchronous tests have to await."""
    return chain[0] == "expect()" and chain[-1].startswith(("to_", "not_to_"))


def demands_success(keyword: ast.keyword) -> bool:
    """Whether it is `check=True` (of `subprocess.run`) or `raise_for_status=True`."""
    value = keyword.value
    is_named = keyword.arg in ("check", "raise_for_status")
    return is_named and isinstance(value, ast.Constant) and value.value is True


# Private


def _as_called(name: str) -> str:
    """`f` → `f()`; an empty name stays empty."""
    return f"{name.removesuffix('()')}()" if name else ""


def _text(node: ast.expr) -> str:
    """The constant beginning of a text, followed by `*` if the rest is not constant."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _text(node.values[0]).removesuffix(ANY) + ANY
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ANY
