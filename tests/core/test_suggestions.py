"""What a misspelt name is answered with."""

import pytest

from stacktest.core.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("grafna", ["grafana", "loki"], "did you mean 'grafana'?"),
        ("db1", ["db2", "db3", "db4"], "did you mean 'db4' or 'db3'?"),
        ("unlike", ["grafana"], ""),
        ("x", [], ""),
    ],
)
def test_at_most_two_names_that_are_close(word: str, known: list[str], text: str) -> None:
    assert did_you_mean(word, known) == text
