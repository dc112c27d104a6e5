"""What times may and may not decide: one test per row A of the case table, by its id."""

import json
import os
from datetime import timedelta

import pytest

from stacktest.core import timestamps
from stacktest.core.freshness.docs_page import PageFacts, judge_page
from stacktest.core.freshness.states import State
from tests.support.known import known
from tests.support.stack_simulator import START, StackSimulator


@pytest.mark.case("A1")
def test_change_and_page_in_one_commit(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    facts = PageFacts(text="Caddy is the front door.", updated=START, follows_change=True)
    caddy.page = judge_page(facts, fingerprint=None, repo_fingerprint=known(caddy.repo))
    caddy.changed_on = START
    world.later(minutes=5)
    world.run()
    world.later(minutes=5)
    judgement = world.index()["caddy"]
    assert judgement.state is State.FUNCTIONAL
    entry = judgement.entry
    assert (entry.functional, entry.documented) == (True, True)
    assert entry.last_change == START
    assert known(entry.last_test_pass) > known(entry.last_change)
    assert world.gate().open
    # The same without a commit: the run itself saw the fingerprint before its first test.
    caddy.changed_on = None
    world.ledger.status_path.unlink()
    entry = world.index()["caddy"].entry
    assert entry.functional
    assert known(entry.last_test_pass) > known(entry.last_change)


@pytest.mark.case("A2")
def test_passed_as_something_else(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.index()
    good = caddy.parts["config"]
    caddy.edit("config", "auth off")
    caddy.recreate()
    assert world.run().credited() == {"caddy"}
    caddy.parts["config"] = good
    caddy.recreate()
    judgement = world.index()["caddy"]
    assert judgement.state is State.CHANGED
    assert judgement.reasons == ("config",)
    # Nor does a look at the other fingerprint in between make it any better.
    caddy.edit("config", "auth off")
    world.index()
    caddy.parts["config"] = good
    assert world.state("caddy") is State.CHANGED


@pytest.mark.case("A3")
def test_changed_after_its_tests(world: StackSimulator) -> None:
    caddy = world.add("caddy")

    def edit_and_look() -> None:
        caddy.edit("config", "changed at 10:00")
        world.index()

    ran = world.run(meanwhile=edit_and_look)
    assert ran.credited() == set()
    world.later(minutes=5)
    assert world.state("caddy") is State.NEVER_RUN
    # With an older pass it is a change, and the old pass says for what it was.
    world.run()
    caddy.edit("config", "changed again")
    caddy.recreate()
    assert world.state("caddy") is State.CHANGED


@pytest.mark.case("A4")
def test_there_and_back(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    first = caddy.parts["config"]
    world.run()
    passed_on = world.index()["caddy"].entry.last_test_pass
    caddy.edit("config", "b")
    caddy.recreate()
    assert world.state("caddy") is State.CHANGED
    caddy.parts["config"] = first
    caddy.recreate()
    world.later(hours=1)
    back = world.now
    for _ in range(3):
        judgement = world.index()["caddy"]
        world.later(minutes=1)
        # It is what it was, but it has only been so since it came back.
        assert judgement.entry.last_change == back
        assert judgement.state is State.CHANGED
        assert judgement.reasons == ("reverted",)
        assert judgement.entry.last_test_pass == passed_on
        assert judgement.entry.pass_fingerprint == judgement.entry.fingerprint
    # It is the ledger that remembers, not the status.
    world.ledger.status_path.unlink()
    assert world.state("caddy") is State.CHANGED
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL


@pytest.mark.case("A5")
def test_passed_yesterday_failed_today(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.later(days=1)
    world.run(caddy="failed")
    assert world.state("caddy") is State.FAILING
    assert world.status["caddy"]["status"] == "stale"
    gate = world.gate()
    assert (gate.open, gate.exit_code) == (False, 1)


@pytest.mark.case("A6")
def test_a_year_old(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.later(days=6, hours=23)
    assert world.state("caddy") is State.FUNCTIONAL
    world.later(days=358)
    assert world.state("caddy") is State.EXPIRED


@pytest.mark.case("A7")
def test_from_the_future(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.rewrite("caddy", timestamp="2099-01-01T00:00:00.000+00:00")
    judgement = world.index()["caddy"]
    assert judgement.state is State.ERROR
    assert judgement.reasons[0].startswith("clock:last_pass is dated 2099-01-01")
    assert world.gate().exit_code == 11
    # A clock that is a little ahead is no reason to distrust a machine.
    soon = timestamps.to_text(world.now + timedelta(minutes=4))
    world.rewrite("caddy", timestamp=soon)
    assert world.state("caddy") is State.FUNCTIONAL


def test_one_wrong_clock_is_one_reason_of_each_record(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.later(hours=-1)
    reasons = world.index()["caddy"].reasons
    assert [reason.partition(" ")[0] for reason in reasons] == ["clock:last_pass", "clock:last_run"]


@pytest.mark.case("A8")
def test_a_time_without_a_zone(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("other")
    world.run()
    world.rewrite("caddy", timestamp="2026-01-06T00:00:00")
    states = world.index()
    assert states["caddy"].state is State.ERROR
    assert "has no time zone" in states["caddy"].reasons[0]
    assert states["other"].state is State.FUNCTIONAL


@pytest.mark.case("A9")
def test_a_time_that_is_none(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.rewrite("caddy", timestamp="yesterday")
    judgement = world.index()["caddy"]
    assert judgement.state is State.ERROR
    assert judgement.reasons == (
        "evidence:last_pass: $.timestamp: 'yesterday' is not an ISO 8601 time",
    )


@pytest.mark.case("A10")
def test_a_truncated_record(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    path = world.record("caddy")
    whole = path.read_text()
    for length in (0, 1, len(whole) // 2, len(whole) - 3):
        path.write_text(whole[:length])
        assert world.state("caddy") is State.ERROR
        assert world.status["caddy"]["status"] == "stale"
        assert not world.gate().open


@pytest.mark.case("A11")
def test_times_of_files(world: StackSimulator) -> None:
    world.add("caddy")
    world.run(id="older")
    world.later(hours=1)
    world.run(id="newer", caddy="failed")
    world.index()
    before = world.ledger.status_path.read_bytes()
    # rsync, a checkout or a restore: the older file is the younger one now.
    os.utime(world.record("caddy"), (4e9, 4e9))
    os.utime(world.record("caddy", "last_run.json"), (1, 1))
    assert world.state("caddy") is State.FAILING
    assert world.ledger.status_path.read_bytes() == before


@pytest.mark.case("A12")
def test_one_resolution(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.now = START + timedelta(microseconds=400_900)
    caddy.changed_on = START + timedelta(microseconds=400_900)
    world.run()
    entry = world.index()["caddy"].entry
    assert entry.functional
    assert known(entry.last_test_pass) > known(entry.last_change)
    said = world.status["caddy"]
    assert said["last_change"] < said["last_test_pass"]
    assert len(said["last_change"]) == len(said["last_test_pass"]) == 29


@pytest.mark.case("A13")
def test_a_record_of_a_failure(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.rewrite("caddy", result="fail")
    judgement = world.index()["caddy"]
    assert judgement.state is State.ERROR
    assert not judgement.entry.functional
    assert "$.result is 'fail', not pass" in judgement.reasons[0]


@pytest.mark.case("A14")
def test_the_tests_changed(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    caddy.code = "assert True"
    assert world.index()["caddy"].reasons == ("tests:edited",)
    caddy.code = "v1"
    assert world.state("caddy") is State.FUNCTIONAL
    added = caddy.tests
    caddy.tests += ("suites/test_caddy.py::test_new",)
    judgement = world.index()["caddy"]
    assert (judgement.state, judgement.reasons) == (State.TESTS_CHANGED, ("tests:added 1",))
    caddy.tests = added[:1]
    judgement = world.index()["caddy"]
    assert (judgement.state, judgement.reasons) == (State.TESTS_CHANGED, ("tests:removed 1",))
    # Even when all that are left pass: it takes a new pass to say so.
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL


@pytest.mark.case("A15")
def test_the_clock_steps_back(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.now = START + timedelta(hours=1)
    world.index()
    world.now = START + timedelta(minutes=1)
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL
    # A failure after it, on a clock that went back again, is still the later one.
    world.now = START
    world.run(caddy="failed")
    assert world.state("caddy") is State.FAILING
    world.now = START - timedelta(minutes=2)
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL
    assert caddy.fingerprint.digest == world.status["caddy"]["fingerprint"]


def test_last_change_does_not_move_because_a_tool_was_missing(world: StackSimulator) -> None:
    from tests.support.stack_simulator import NO_ENGINE

    caddy = world.add("caddy")
    world.run()
    before = world.index()["caddy"].entry
    image, containers = caddy.parts["image"], caddy.containers
    world.later(hours=2)
    caddy.parts["image"] = caddy.containers = NO_ENGINE
    entry = world.index()["caddy"].entry
    assert (entry.last_change, entry.fingerprint) == (before.last_change, before.fingerprint)
    assert entry.parts["image"] is None
    world.later(hours=2)
    caddy.parts["image"], caddy.containers = image, containers
    assert world.index()["caddy"].entry.last_change == before.last_change


def test_a_look_sees_the_change_before_the_run_does(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    caddy.edit("config", "new")
    caddy.recreate()
    world.later(hours=1)
    seen = world.now
    assert world.index()["caddy"].entry.last_change == seen
    world.later(hours=1)
    assert world.index()["caddy"].entry.last_change == seen
    world.run()
    entry = world.index()["caddy"].entry
    assert entry.last_change == seen < known(entry.last_test_pass)


def test_a_commit_is_not_the_date_of_a_pulled_image(world: StackSimulator) -> None:
    caddy = world.add("caddy", changed_on=START - timedelta(days=30))
    world.run()
    assert world.index()["caddy"].entry.last_change == START - timedelta(days=30)
    world.later(hours=4)
    caddy.edit("image", "pulled at 04:00", repo=False)
    caddy.recreate()
    assert world.index()["caddy"].entry.last_change == world.now


def test_what_is_written_has_utc_and_milliseconds(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.index()
    record = json.loads(world.record("caddy").read_text())
    for text in (
        record["timestamp"],
        record["run"]["started"],
        world.status["caddy"]["last_change"],
    ):
        assert timestamps.to_text(timestamps.parse(text)) == text
        assert text.endswith("+00:00")
