"""The secrets of the stacks that this process has read: what no output of it may show.

Whoever prints has no stack at hand, an error least of all, so what is known is kept here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacktest.core.model import Stack

_known: set[str] = set()


def learn_secrets(stack: "Stack") -> None:
    """From now on, the secrets of this stack are taken out of what is printed."""
    from stacktest.core.secrets import secrets_of

    _known.update(secrets_of(stack))


def learn_values(secrets: Iterable[str]) -> None:
    """From now on, these values are taken out of what is printed."""
    _known.update(secrets)


def known_secrets() -> frozenset[str]:
    """Every secret of every stack that was read."""
    return frozenset(_known)


def forget_secrets() -> None:
    """Begin anew, as a process does."""
    _known.clear()
