"""Two looks at the slots of a stack, as events of an engine."""

from stacktest.adapters.engine.swarm.events import changes
from stacktest.core.changed_copy import replace
from stacktest.core.observed_state import Container

SLOT = Container(
    id="s.1",
    name="shop_cache.1",
    service="cache",
    project="shop",
    image_id="",
    image_ref="redis",
    state="created",
)
RUNNING = replace(SLOT, state="running", started_at="1")


def actions(before: Container | None, now: Container | None) -> list[str]:
    old = {before.id: before} if before else {}
    new = {now.id: now} if now else {}
    return [f"{event.action} {event.health}".strip() for event in changes(old, new)]


def test_nothing_happens_to_what_stays_the_same() -> None:
    assert actions(RUNNING, RUNNING) == []


def test_the_way_of_a_slot() -> None:
    starting, healthy = replace(RUNNING, health="starting"), replace(RUNNING, health="healthy")
    ended = replace(SLOT, state="exited", exit_code=3)
    assert actions(None, SLOT) == ["create"]
    assert actions(SLOT, RUNNING) == ["start"]
    assert actions(SLOT, starting) == ["start", "health_status starting"]
    assert actions(starting, healthy) == ["health_status healthy"]
    assert actions(RUNNING, ended) == ["die"]
    assert actions(ended, None) == ["destroy"]


def test_another_task_in_the_same_slot_is_a_start() -> None:
    assert actions(RUNNING, replace(RUNNING, started_at="2")) == ["start"]


def test_a_task_that_is_rejected_is_no_creation() -> None:
    assert actions(SLOT, replace(SLOT, error="no such image")) == ["die"]


def test_the_exit_code_comes_with_the_end() -> None:
    (event,) = changes({"s.1": RUNNING}, {"s.1": replace(SLOT, state="exited", exit_code=3)})
    assert (event.exit_code, event.container, event.service) == (3, "s.1", "cache")
