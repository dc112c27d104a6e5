"""Notifies channels of a run whose tests could not run: the stack or the run did not begin.

A run that could not begin, for example since a file cannot be collected, tested nothing; without
a message, readers of the channel would take that for a run without news.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from stacktest.core.broken_files import BrokenFile
from stacktest.errors import StacktestError
from stacktest.pytest_plugin.report_secrets import clean_text

if TYPE_CHECKING:
    from stacktest.bootstrap.session import PytestRun
    from stacktest.core.runs.start_failure import StartFailure


def tell_trouble(run: "PytestRun | None", error: StacktestError) -> list[str]:
    """Notify why the stack did not come up; returns lines about channels that failed."""
    from stacktest.bootstrap.context import now

    failures: Mapping[str, StartFailure] = getattr(error, "failures", {})
    causes = [failure.recorded for failure in failures.values() if not failure.because_of]
    trouble = clean_text(causes[0] if causes else error.what)
    return run.notifier.tell_trouble(trouble, now()) if run else []


def tell_refusal(
    run: "PytestRun | None", config: pytest.Config, error: StacktestError
) -> list[str]:
    """The same for an error that refused the run before anything was started."""
    cause = f"{error.where}: {error.what}" if error.where else error.what
    return _tell_not_begun(run, config, cause)


def tell_broken(
    open_run: "Callable[[pytest.Config], PytestRun]",
    config: pytest.Config,
    errors: Sequence[BrokenFile],
) -> list[str]:
    """The same for files that cannot be collected, which keep every test from running."""
    cause = next((file.cause for file in errors), "")
    # Pytest reports the error of the run; a failed notification is not worth a second error.
    with suppress(StacktestError, OSError):
        run = open_run(config)
        why = cause or "a file of tests cannot be collected"
        return [*_tested_without(run, errors), *_tell_not_begun(run, config, why)]
    return []


# Private


def _tested_without(run: "PytestRun", errors: Iterable[BrokenFile]) -> list[str]:
    """Lines on files that cannot be collected, and how to test the services without tests there."""
    broken = run.session.judge.attribute(errors)
    lines = [f"no credit {cause}" for cause in dict.fromkeys(file.cause for file in broken)]
    if lines and all(file.is_read for file in broken):
        names = ", ".join(sorted({name for file in broken for name in file.services}))
        lines.append("next      pytest --continue-on-collection-errors")
        lines.append(f"          tests all services but {names}")
    return lines


def _tell_not_begun(run: "PytestRun | None", config: pytest.Config, why: str) -> list[str]:
    from stacktest.bootstrap.context import now

    if run is None or config.getoption("--stack-dry-run"):
        return []
    return run.notifier.tell_not_begun(clean_text(why), now())
