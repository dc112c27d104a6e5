"""A name in a function's text: how it is used there, and whether what has it checks by its name.

Functions that check by nature are `expect`, `raises`, `assertEqual` and their like.
"""

from dataclasses import dataclass

CHECKING_CALLS = frozenset(
    {
        *("expect", "raises", "warns", "deprecated_call", "fail", "ensure", "validate"),
        *("raise_for_status", "check_call", "check_output", "check_returncode", "model_validate"),
        *("wait_for_selector", "wait_for_url", "wait_for_function"),
    }
)
CHECKING_PREFIXES = ("assert", "verify_", "expect_", "should_")
NO_LINES = range(0)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name as written: `("self", "assertEqual")`, `("inside()", "run")` on what a call gave."""

    chain: tuple[str, ...]
    is_call: bool = False
    is_idle: bool = False
    """A call that checks nothing by its name: of constants, or `expect(x)` that ends there."""
    is_dropped: bool = False
    """Nothing takes what the call gives: a coroutine would never run."""
    is_deferred: bool = False
    """It is not called where it stands: it is handed on, or stands in a lambda or comprehension."""
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
