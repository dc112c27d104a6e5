"""The faults at three in the morning: each its own, and two of them in the real layer."""

import re

import pytest

from campaigns.common import Options
from campaigns.night_faults import FAULTS
from campaigns.three_in_the_morning import SHORT, run


def test_there_are_fifteen_and_each_has_a_name_and_a_cause_of_its_own() -> None:
    assert len(FAULTS) >= 15
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.cause for fault in FAULTS}) == len(FAULTS)
    assert all(re.compile(fault.cause) for fault in FAULTS)
    assert set(SHORT) <= {fault.name for fault in FAULTS}


@pytest.mark.real_docker
def test_two_of_them_are_named_and_cured() -> None:
    report = run(Options(short=True))
    assert len(report.rows) == len(SHORT)
    assert list(report.faults) == []
