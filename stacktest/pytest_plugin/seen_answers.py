"""The last answers that a test received, kept as evidence in case it fails."""

from collections.abc import Callable

import pytest
from msgspec import Struct

from stacktest.core.diagnosis.facts import Answered

MOST = 20
REFUSED = 400
"""Bodies are kept for answers with this status or above."""
LARGEST = 20_000
"""Characters of a body that are kept."""


class SeenAnswer(Struct, frozen=True):
    """One answer, or why there was none."""

    line: str
    status: int = 0
    url: str = ""
    read_body: Callable[[], str] = str

    @property
    def answered(self) -> Answered:
        """The answer as a fact for the diagnosis."""
        return Answered(status=self.status, url=self.url, body=self.body)

    @property
    def body(self) -> str:
        """The body of the answer to a refused request; empty if it cannot be read any more."""
        return self.read_body()[:LARGEST] if self.status >= REFUSED else ""


ANSWERS: pytest.StashKey[list[SeenAnswer]] = pytest.StashKey()


def remember_answer(
    node: pytest.Item, status: int, url: str, read_body: Callable[[], str] = str
) -> None:
    """Keep one answer in case the test fails."""
    _remember(node, SeenAnswer(f"{status} {url}", status, url, read_body))


def remember_line(node: pytest.Item, line: str) -> None:
    """Keep a line that says why a request got no answer, or why its answer does not count."""
    _remember(node, SeenAnswer(line))


def seen_answers(node: pytest.Item) -> tuple[SeenAnswer, ...]:
    """The last answers of the test, oldest first."""
    answers = node.stash.get(ANSWERS, None)
    return tuple(answers or ())


# Private


def _remember(node: pytest.Item, answer: SeenAnswer) -> None:
    answers = node.stash.setdefault(ANSWERS, [])
    answers.append(answer)
    del answers[:-MOST]
