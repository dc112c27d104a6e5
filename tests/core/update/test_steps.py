"""Every update comes to an end, and from every step there is a way back."""

from typing import get_args

import pytest

from stacktest.core.update.steps import CLOSED, FIRST, Outcome, Step, next_step


def successors(step: Step) -> set[Step]:
    return {after for outcome in ("done", "failed", "undo") for after in _after(step, outcome)}


def _after(step: Step, outcome: Outcome) -> list[Step]:
    try:
        return [next_step(step, outcome)]
    except ValueError:
        return []


def test_what_is_done_each_time_is_kept() -> None:
    steps = [FIRST]
    while steps[-1] not in CLOSED:
        steps.append(next_step(steps[-1], "done"))
    assert steps == ["saving", "replacing", "testing", "kept"]


@pytest.mark.parametrize("step", ["replacing", "testing"])
def test_what_fails_is_put_back_and_proved(step: Step) -> None:
    assert next_step(step, "failed") == "putting_back"
    assert next_step("putting_back", "done") == "proving"
    assert next_step("proving", "done") == next_step("proving", "failed") == "put_back"


def test_before_anything_is_replaced_a_failure_ends_the_update() -> None:
    assert next_step("saving", "failed") == next_step("saving", "undo") == "given_up"


@pytest.mark.parametrize("step", [step for step in get_args(Step) if step not in CLOSED])
def test_from_every_open_step_undo_leads_to_what_ran_before(step: Step) -> None:
    step = next_step(step, "undo")
    while step not in CLOSED:
        step = next_step(step, "done")
    assert step in {"put_back", "given_up"}


def test_every_step_is_reached_and_none_is_left_for_good_but_the_ends() -> None:
    reached: set[Step] = {FIRST}
    while more := {after for step in reached for after in successors(step)} - reached:
        reached |= more
    assert reached == set(get_args(Step))
    assert {step for step in get_args(Step) if not successors(step)} == CLOSED - {"kept"}


def test_putting_back_does_not_fail_it_stays_open() -> None:
    with pytest.raises(ValueError, match="putting_back"):
        next_step("putting_back", "failed")
