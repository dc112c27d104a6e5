"""A test may live on a look at the container; a service needs an answer in at least one test."""

from typing import Any

from stacktest.core.runs.fold import fold
from stacktest.core.runs.verdict import Inventory, Outcome, Required, RunFacts, Verdict


def verdict(*tests: dict[str, Any], no_contact: tuple[str, ...] = ()) -> Verdict:
    outcomes = [
        Outcome(nodeid=f"t{number}", services=("redis",), result="passed", assertions=1, **test)
        for number, test in enumerate(tests)
    ]
    required = tuple(
        Required(
            nodeid=outcome.nodeid,
            services=("redis",),
            no_contact=frozenset({"redis"} if outcome.nodeid in no_contact else ()),
        )
        for outcome in outcomes
    )
    return fold(Inventory(required=required, complete=True), outcomes, RunFacts())["redis"]


ANSWER: dict[str, object] = {"contacts": ("redis",)}
LOOK: dict[str, object] = {"looks": ("redis",)}


def test_a_look_is_enough_for_a_test() -> None:
    assert verdict(ANSWER, LOOK).kind == "passed"
    assert verdict(ANSWER, LOOK).contacts == 1


def test_and_not_for_a_service() -> None:
    looked = verdict(LOOK, LOOK)
    assert looked.kind == "incomplete"
    assert looked.reasons == ("no test had an answer of redis: its container was only looked at",)
    assert verdict(LOOK, {}, no_contact=("t1",)).kind == "incomplete"


def test_a_look_at_another_container_is_nothing() -> None:
    assert verdict(ANSWER, {"looks": ("other",)}).reasons == (
        "t1 names redis but never touched it",
    )


def test_a_test_that_need_not_touch_the_service_may_look_at_it() -> None:
    assert verdict({}, no_contact=("t0",)).kind == "passed"
    assert verdict(LOOK, no_contact=("t0",)).kind == "passed"
    assert verdict(LOOK, {}, LOOK, no_contact=("t0", "t1")).kind == "incomplete"
    assert verdict({**ANSWER, **LOOK}, LOOK, no_contact=("t0",)).kind == "passed"


def test_an_answer_that_may_be_anothers_says_whose() -> None:
    doubt = {"doubts": {"redis": "door.conf:3", "other": ""}}
    assert verdict(ANSWER, doubt).reasons == (
        "t1 names redis but never touched it: its answer may be another's (door.conf:3)",
    )
    assert verdict({**ANSWER, **doubt}).kind == "passed"
