"""Which facts a failure asks for before its cause is looked for."""

import pytest

from stacktest.application.diagnose import wants_ports
from stacktest.core.diagnosis.facts import Answered, Failure


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(services=("wiki",)), False),
        (Failure(services=("wiki",), is_start=True), False),
        (Failure(services=("wiki",), is_start=True, ports=(80,)), True),
        (Failure(services=("wiki",), answers=(Answered(status=200, url="http://w/"),)), False),
        (Failure(services=("wiki",), answers=(Answered(status=502, url="http://w/"),)), True),
        (
            Failure(
                services=("wiki",), is_start=True, answers=(Answered(status=200, url="http://w/"),)
            ),
            True,
        ),
    ],
)
def test_open_ports_are_looked_up_where_they_may_explain_it(
    failure: Failure, expected: bool
) -> None:
    assert wants_ports(failure) is expected
