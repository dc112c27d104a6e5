"""Usage errors of stacktest as pytest shows them: one message, and a cause once."""

import pytest

from stacktest.errors import StacktestError, UsageError
from stacktest.pytest_plugin.report_secrets import clean_text


def usage_error(error: UsageError) -> pytest.UsageError:
    """The error for pytest, which writes `ERROR:` before it."""
    message = "\n".join(error.lines_with_code())
    return pytest.UsageError(clean_text(message.removeprefix("error: ")))


def have_one_cause(first: StacktestError | None, second: StacktestError) -> bool:
    """Whether the operating system refused both for the same reason, such as a full disk."""
    cause, other = first.__cause__ if first else None, second.__cause__
    if not isinstance(cause, OSError) or not isinstance(other, OSError):
        return False
    return cause.errno == other.errno
