"""One use of a name in a function's text, and whether a call of it is a check by its name alone.

Functions that check by nature are `expect`, `raises`, `assertEqual` and their like.
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
"""Functions that raise `SystemExit`, with which a test has failed."""
NO_LINES = range(0)
ANY = "*"
"""How the name of an attribute ends that the text does not tell, or only its beginning."""
IMPORT = "import "
"""How the first part of a chain begins that is a module, imported by a call."""


class Reference(Struct, frozen=True):
    """A name as written: `("self", "assertEqual")`, `("inside()", "run")` on what a call gave."""

    chain: tuple[str, ...]
    is_call: bool = False
    is_idle: bool = False
    """A call that checks nothing by its name: of constants, or `expect(x)` that ends there."""
    is_dropped: bool = False
    """Nothing takes what the call gives: a coroutine would never run."""
    is_deferred: bool = False
    """It is not called where it stands: it is handed on, or stands in a lambda or comprehension."""
    is_of_all: bool = False
    """It checks `all(…)`, which is true where there is nothing to go through."""
    line: int = 0
    lines: range = NO_LINES
    """Those of its statement, where that may not be reached."""

    @property
    def root(self) -> str:
        """The name that it begins with; empty for any other expression."""
        return self.chain[0].removesuffix("()")

    @property
    def is_method(self) -> bool:
        """Whether it is looked up on something else."""
        return len(self.chain) > 1

    @property
    def checks_by_name(self) -> bool:
        """Whether a function of this name checks, wherever it comes from."""
        name = self.chain[-1]
        known = name in CHECKING_CALLS or name.startswith(CHECKING_PREFIXES)
        return self.is_call and known and not self.is_idle


def chain_of(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` → `("a", "b", "c")`; the first part is `f()` or empty where an expression stands."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (*chain_of(node.value), node.attr)
    if not isinstance(node, ast.Call):
        return ("",)
    return looked_up(node) or (_as_called(chain_of(node.func)[0]),)


def looked_up(node: ast.Call) -> tuple[str, ...]:
    """What a call gives that only looks something up; empty where it is any other.

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
    """What a name, or a call by a name, refers to; None: it is any other expression."""
    is_call = isinstance(node, ast.Call)
    chain = chain_of(node.func if isinstance(node, ast.Call) else node)
    return Reference(chain, is_call=is_call, line=node.lineno) if is_named(chain) else None


def is_named(chain: tuple[str, ...]) -> bool:
    """Whether it begins with a name, not with what an expression gave."""
    return bool(chain[0]) and not chain[0].endswith("()")


def last_name(node: ast.expr | None) -> str:
    """`c` of `a.b.c`; of a call it is no name, but `a()`."""
    return chain_of(node)[-1] if node is not None else ""


def is_expectation(chain: tuple[str, ...]) -> bool:
    """`expect(page).to_have_title`, which asynchronous tests have to await."""
    return chain[0] == "expect()" and chain[-1].startswith(("to_", "not_to_"))


def demands_success(keyword: ast.keyword) -> bool:
    """`subprocess.run(…, check=True)`, `ClientSession(raise_for_status=True)`."""
    value = keyword.value
    is_named = keyword.arg in ("check", "raise_for_status")
    return is_named and isinstance(value, ast.Constant) and value.value is True


# Private


def _as_called(name: str) -> str:
    """`f` → `f()`; nothing has no name when it is called either."""
    return f"{name.removesuffix('()')}()" if name else ""


def _text(node: ast.expr) -> str:
    """A text as written, up to where it depends on something: `a`, `a*`, `*`."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _text(node.values[0]).removesuffix(ANY) + ANY
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ANY
