"""The secrets of the stacks that this process has read; no output may show them.

Code that prints, errors above all, has no stack at hand, so the secrets are kept here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacktest.core.model import Stack

_known: set[str] = set()


def learn_secrets(stack: "Stack") -> None:
    """From now on, remove the secrets of this stack from all output."""
    from stacktest.core.secrets import secrets_of

    _known.update(secrets_of(stack))


def learn_values(secrets: Iterable[str]) -> None:
    """From now on, remove these values from all output."""
    _known.update(secrets)


def known_secrets() -> frozenset[str]:
    """Every secret of every stack that was read."""
    return frozenset(_known)


def forget_secrets() -> None:
    """Forget all secrets, as at the begin of a process."""
    _known.clear()
