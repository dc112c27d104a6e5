"""A browser whose machine has another clock: what came over the wire is told by the difference."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.names import Read
from stacktest.pytest_plugin.browser_wire import passed_the_proxy
from stacktest.pytest_plugin.remote_browser import clock_ahead

NOW = 1_800_000_000.0


def response(began: float) -> Any:
    """One whose request began at this time of the browser's own clock."""
    timing = {"startTime": began * 1000}
    return SimpleNamespace(url="https://app.test/", request=SimpleNamespace(timing=timing))


def proxy(last_answer: float) -> Any:
    return SimpleNamespace(last_read=lambda *_: Read(last_answer))


@pytest.mark.parametrize("ahead", [-3600.0, -0.4, 0.0, 0.4, 3600.0])
def test_an_answer_that_came_and_one_that_did_not(ahead: float) -> None:
    asked = response(NOW + ahead)
    assert passed_the_proxy(asked, proxy(NOW + 0.01), ahead)
    assert not passed_the_proxy(asked, proxy(NOW - 0.1), ahead)


@pytest.mark.parametrize("ahead", [-30.0, 0.4])
def test_without_the_difference_either_is_wrong(ahead: float) -> None:
    asked = response(NOW + ahead)
    assert passed_the_proxy(asked, proxy(NOW + 0.01 - max(ahead, 0))) == (ahead < 0)
    assert passed_the_proxy(asked, proxy(NOW - 0.1)) == (ahead < 0)


class Browser:
    """A browser on a machine whose clock is ahead; the second question is the quickest."""

    def __init__(self, ahead: float) -> None:
        self._ahead, self._pauses = ahead, iter((0.1, 0.0, 0.1))
        self.closed = False

    def new_context(self) -> Any:
        return SimpleNamespace(new_page=lambda: self, close=self.close)

    def evaluate(self, _: str) -> float:
        moment = time.time()  # noqa: TID251 - a clock is what is compared
        time.sleep(next(self._pauses))
        return (moment + self._ahead) * 1000

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("ahead", [-7.25, 0.0, 7.25])
def test_the_quickest_question_counts(ahead: float) -> None:
    browser: Any = Browser(ahead)
    assert clock_ahead(browser) == pytest.approx(ahead, abs=0.02)
    assert browser.closed
