"""Recognizes calls that check nothing because of their form, despite the function's name.

assertEqual(1, 1)                  only constants
assertTrue((x, "message"))         an expression that is always true
raises(ValueError)                 no `with` uses the result, and no function is passed to it
expect(page)                       no expectation follows
assert_that(x).described_as("x")   no assertion follows
"""

import ast
from collections.abc import Collection

from stacktest.adapters.always_true import is_always_true, is_constant
from stacktest.adapters.code_reference import chain_of

ENTERED_CALLS = frozenset({"raises", "warns", "deprecated_call", "assertRaises", "assertWarns"})
"""Functions that check nothing without a `with` and without a function to call."""
ENTERED_PREFIX = "expect_"
"""The prefix of Playwright's functions of that kind."""
DESCRIBING_CALLS = frozenset({"described_as", "extracting"})
"""Methods of `assert_that` that assert nothing."""
COMPARING = frozenset(
    f"assert{what}"
    for what in (
        *("Equal", "NotEqual", "False", "Is", "IsNot", "IsNone", "In", "NotIn", "Greater"),
        *("GreaterEqual", "Less", "LessEqual", "AlmostEqual", "Regex", "ListEqual", "DictEqual"),
    )
)
"""Methods of unittest that test only their arguments, unlike a mock's methods."""


def is_idle_statement(node: ast.Call, objects: Collection[str]) -> bool:
    """Whether a call checks nothing, if its result is not used."""
    chain = chain_of(node.func)
    is_entered = chain[-1] in ENTERED_CALLS and len(node.args) < 2  # noqa: PLR2004
    is_entered |= chain[-1].startswith(ENTERED_PREFIX) and len(chain) > 1
    # `child.expect(text)` of pexpect is a check.
    is_bare = chain[-1] == "expect" and chain[:-1] in ((), ("sync_api",), ("async_api",))
    return is_entered or is_bare or cannot_fail(node, objects)


def described(node: ast.expr) -> ast.expr:
    """The call without describing ones: `assert_that(x)` of `assert_that(x).described_as("x")`."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in DESCRIBING_CALLS
    ):
        node = node.func.value
    return node


def cannot_fail(node: ast.Call, objects: Collection[str]) -> bool:
    """Whether it is like `assertEqual(1, 1)`, `assertTrue((x, "message"))`: always true."""
    chain = chain_of(node.func)
    name, values = chain[-1], [*node.args, *(keyword.value for keyword in node.keywords)]
    if name == "assertTrue" and node.args:
        return is_always_true(node.args[0], objects)
    if name == "assertIsNotNone" and node.args:
        comparison = ast.Compare(node.args[0], [ast.IsNot()], [ast.Constant(None)])
        return is_always_true(comparison, objects)
    is_known = name in COMPARING or (name.startswith("assert") and len(chain) == 1)
    return bool(values) and is_known and all(map(is_constant, values))
