"""The faults at three in the morning: each its own, and two of them in the real layer."""

import re

import pytest

from campaigns.night_faults import FAULTS
from campaigns.night_stacks import Fault
from campaigns.three_in_the_morning import SHORT, try_fault


def test_each_has_a_name_and_a_cause_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.cause for fault in FAULTS}) == len(FAULTS)
    assert all(re.compile(fault.cause) for fault in FAULTS)
    assert set(SHORT) <= {fault.name for fault in FAULTS}


@pytest.mark.real_docker
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if fault.name in SHORT else pytest.mark.slow)
        for fault in FAULTS
    ],
)
def test_it_is_named_and_the_command_does_what_it_should(fault: Fault) -> None:
    trial = try_fault(fault)
    assert trial.problems == []
    assert trial.outcome == ("shows it" if fault.shows else "cures it")
