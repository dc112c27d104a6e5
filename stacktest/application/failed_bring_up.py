"""Which services a bring-up that ended with an error leaves down, and why."""

from collections.abc import Mapping

from stacktest.core.model import Stack
from stacktest.core.plan import Plan, needs_of
from stacktest.core.runs.start_failure import StartFailure, whole_failure
from stacktest.errors import StackNotReadyError, StacktestError


def failures_of(stack: Stack, plan: Plan, error: StacktestError) -> Mapping[str, StartFailure]:
    """Service → the cause; where the error names no service, all that the plan starts."""
    from stacktest.adapters.startup.failure_report import NotReadyError  # and all diagnoses

    failures = error.failures if isinstance(error, NotReadyError) else {}
    if failures and "" not in failures:
        return failures
    return whole_failure(
        error.what,
        plan.services,
        error.service if isinstance(error, StackNotReadyError) else "",
        {name: needs_of(stack, name) for name in plan.services},
        kind=error.what.partition(": ")[0],
        hint=error.hint,
    )
