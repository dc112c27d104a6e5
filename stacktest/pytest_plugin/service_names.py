"""Refuses the name of a service that the stack lacks; imported in every run of pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacktest.application.running_stack import RunningStack


def check_service(stack: RunningStack, name: str, fixture: str) -> None:
    """Raise a UsageError, with the nearest name as its hint, if the stack has no such service."""
    if name not in stack.model.services:
        from stacktest.core.compose_command import compose_command
        from stacktest.core.suggestions import did_you_mean
        from stacktest.errors import UsageError

        raise UsageError(
            f"'{name}' is not a service of this stack",
            where=f"fixture {fixture}",
            hint=did_you_mean(name, stack.model.services)
            or compose_command(stack.model, "config", "--services"),
        )
