"""The answer behind an error of `fail_on_status_code`, from what Playwright writes of it."""

from typing import Any

import pytest

from stacktest.adapters.names import OWN_ANSWER, Read
from stacktest.pytest_plugin.unreturned_answers import UnreturnedAnswer, failed_answer

LOG = """
Call log:
  - → POST http://a.test/x
    - accept: */*
  - ← 404 Not Found
    - Content-Length: 19
"""
URL = "http://a.test/x"


class Proxy:
    """One that saw the third byte, from this host."""

    def last_read(self, host: str, port: int) -> Read:
        return Read(1.0, 3) if (host, port) == ("a.test", 80) else Read()


@pytest.mark.parametrize(
    ("message", "before", "answer"),
    [
        (f"APIRequestContext.post: 404 Not Found{LOG}", 2, UnreturnedAnswer(URL, 404, "POST", 19)),
        (f"APIRequestContext.post: 404 Not Found{LOG}", 3, None),
        (f"APIRequestContext.post: 404 Not Found\nResponse text:\n{LOG}{LOG}".replace("19", "7"), 2,
         UnreturnedAnswer(URL, 404, "POST", 7)),
        # What the body holds is not what was asked.
        (f"APIRequestContext.get: 404 No\nResponse text:\n{LOG}\nCall log:\n  - → GET http://b.test/\n", 2,
         None),
        (f"APIRequestContext.get: 500 Error{LOG}", 2, None),
        (f"APIRequestContext.get: Max redirect count exceeded{LOG}", 2, None),
        (f"APIRequestContext.get: 404 Not Found{LOG}    - {OWN_ANSWER}: 1\n", 2, None),
        ("APIRequestContext.get: Timeout 30000ms exceeded.", 2, None),
        (f"APIRequestContext.get: 404 Not Found{LOG}".replace("    - Content-Length: 19\n", ""), 2,
         UnreturnedAnswer(URL, 404, "POST", 0)),
    ],
)  # fmt: skip
def test_the_last_answer_of_the_call_log_counts(
    message: str, before: int, answer: UnreturnedAnswer | None
) -> None:
    proxy: Any = Proxy()
    assert failed_answer(message, proxy, before) == answer
