"""The last answers that a test saw, for the case that it fails."""

from collections.abc import Callable

import pytest
from msgspec import Struct

from stacktest.core.diagnosis.facts import Answered

MOST = 20
REFUSED = 400
"""From this status on the body is worth keeping."""
LARGEST = 20_000
"""Characters of a body."""


class SeenAnswer(Struct, frozen=True):
    """One answer, or why there was none."""

    line: str
    status: int = 0
    url: str = ""
    read_body: Callable[[], str] = str

    @property
    def answered(self) -> Answered:
        """For a diagnosis."""
        return Answered(status=self.status, url=self.url, body=self.body)

    @property
    def body(self) -> str:
        """What a refused request was answered; empty where it cannot be read any more."""
        return self.read_body()[:LARGEST] if self.status >= REFUSED else ""


ANSWERS: pytest.StashKey[list[SeenAnswer]] = pytest.StashKey()


def remember_answer(
    node: pytest.Item, status: int, url: str, read_body: Callable[[], str] = str
) -> None:
    """Keep one answer for the case that the test fails."""
    _remember(node, SeenAnswer(f"{status} {url}", status, url, read_body))


def remember_line(node: pytest.Item, line: str) -> None:
    """Keep why a request was not answered, or its answer not counted."""
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
