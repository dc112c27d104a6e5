"""What a failed start says is cleaned before anybody prints or records it."""

import pytest

from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.bootstrap.start import hide
from stacktest.core.runs.start_failure import StartFailure
from stacktest.errors import StacktestError, ToolMissingError

SECRET = "field-url-30"
LOG = f"cannot reach postgres://shop:{SECRET}@db/shop"


@pytest.mark.case("field/c30")
def test_the_last_words_of_a_service_lose_their_secrets() -> None:
    failure = StartFailure(service="app", cause=f"app exited 3: {LOG}", details=(LOG,))
    error = NotReadyError.of({"app": failure})
    hide(error, {SECRET})
    assert SECRET not in "\n".join(
        [*error.lines_with_code(), str(error), repr(error), repr(error.failures)]
    )
    assert "cannot reach postgres://shop:[redacted]@db/shop" in "\n".join(error.lines_with_code())


@pytest.mark.parametrize("kind", [ToolMissingError, StacktestError])
def test_so_do_where_and_hint_of_any_error(
    kind: type[StacktestError] | type[ToolMissingError],
) -> None:
    error = kind(f"a {SECRET}", where=f"b {SECRET}", hint=f"c {SECRET}")
    hide(error, {SECRET})
    assert SECRET not in "\n".join(error.lines_with_code())
    assert (error.exit_code, error.code) == (kind.exit_code, kind.default_code)
