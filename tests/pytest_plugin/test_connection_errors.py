"""What pytest shows of an error of a connection: lines of the test alone."""

import ssl
from collections.abc import Callable

import httpx
import pytest

from stacktest.adapters.names import NameMap, http_client
from stacktest.pytest_plugin.connection_errors import shortened


def ask() -> None:
    """A test's own helper."""
    with http_client(NameMap(), ssl.create_default_context()) as client:
        client.get("http://wiki.home.lan/")


def ask_elsewhere() -> None:
    """By a client that is not the stack's."""
    with httpx.Client(trust_env=False) as client:
        client.get("http://127.0.0.1:1/")


def misuse() -> None:
    """A mistake of the test, of which the frames say more than the message."""
    with http_client(NameMap(), ssl.create_default_context()) as client:
        client.get(1)  # type: ignore[arg-type]


def failure_of(call: Callable[[], None]) -> pytest.ExceptionInfo[BaseException]:
    with pytest.raises(Exception) as failure:  # noqa: PT011 - each call has its own
        call()
    return failure


def test_no_frame_of_a_client_is_shown() -> None:
    failure = failure_of(ask)
    assert failure.value.__cause__ is not None
    short = shortened(failure)
    assert [entry.name for entry in short.traceback] == ["failure_of", "ask"]
    assert (short.value, short.value.__cause__) == (failure.value, None)
    text = str(short.getrepr())
    assert "During handling" not in text
    assert "The above exception" not in text
    assert "asked: http://wiki.home.lan" in text


@pytest.mark.parametrize("call", [ask_elsewhere, misuse])
def test_other_errors_stay_whole(call: Callable[[], None]) -> None:
    failure = failure_of(call)
    assert shortened(failure) is failure
