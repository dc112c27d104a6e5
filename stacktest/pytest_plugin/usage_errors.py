"""Usage errors of stacktest as pytest shows them: as one message, each cause once."""

import pytest

from stacktest.errors import StacktestError, UsageError
from stacktest.pytest_plugin.report_secrets import clean_text


def usage_error(error: UsageError) -> pytest.UsageError:
    """The error as pytest's own usage error, before which pytest writes `ERROR:`."""
    message = "\n".join(error.lines_with_code())
    return pytest.UsageError(clean_text(message.removeprefix("error: ")))


def hide_own_frames(failure: pytest.ExceptionInfo[BaseException]) -> None:
    """Let pytest leave out this package's frames from the traceback of an error raised on purpose.

    `--full-trace` shows them nevertheless.
    """
    for entry in failure.traceback:
        names = entry.frame.f_globals
        if str(names.get("__name__", "")).startswith("stacktest."):
            names.setdefault("__tracebackhide__", _is_message)


def have_one_cause(first: StacktestError | None, second: StacktestError) -> bool:
    """Whether both errors come from one error of the operating system, such as a full disk."""
    cause, other = first.__cause__ if first else None, second.__cause__
    if not isinstance(cause, OSError) or not isinstance(other, OSError):
        return False
    return cause.errno == other.errno


# Private


def _is_message(failure: pytest.ExceptionInfo[BaseException]) -> bool:
    # An error of the base class itself is a bug, and its frames help to find it.
    return isinstance(failure.value, StacktestError) and type(failure.value) is not StacktestError
