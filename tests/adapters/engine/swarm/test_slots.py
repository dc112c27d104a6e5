"""Slots of a recorded swarm as containers: one for each place that a service has."""

from typing import Any

import pytest

from stacktest.adapters.engine.swarm.slots import container_of, remote_document, slots_of
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from tests.support.recorded_swarm import recorded, service, swarm, tasks


def container(name: str, change: Any = lambda document: None) -> Container:
    document = recorded()
    change(document)
    rows = [item for item in swarm(document)[0].containers("shop") if item.service == name]
    return rows[0]


@pytest.mark.parametrize(
    ("name", "state", "health", "code"),
    [
        ("cache", "running", "healthy", None),
        ("app", "running", "", None),
        ("seed", "exited", "", 0),
        ("loud", "exited", "", 3),
        ("sick", "running", "unhealthy", None),
        ("folder", "created", "", None),
        ("greedy", "created", "", None),
    ],
)
def test_a_slot_is_what_its_newest_task_is(
    name: str, state: str, health: str, code: int | None
) -> None:
    item = container(name)
    assert (item.state, item.health, item.exit_code) == (state, health, code)


def test_every_place_of_a_service_is_a_slot() -> None:
    names = [item.name for item in swarm()[0].containers("shop") if item.service == "app"]
    assert names == ["shop_app.1", "shop_app.2"]


def test_a_service_that_was_not_started_has_the_slots_that_it_will_have() -> None:
    def stop(document: Any) -> None:
        service(document, "app")["Spec"]["Mode"]["Replicated"]["Replicas"] = 0
        document["tasks"] = [t for t in document["tasks"] if t not in tasks(document, "app")]

    assert container("app", stop).state == "created"


def test_a_rejected_task_has_the_reason_as_its_error() -> None:
    assert container("folder").error.endswith("bind source path does not exist: /nowhere/at/all")


def test_failed_tasks_of_a_slot_are_its_restarts() -> None:
    assert container("loud").restart_count == 2
    assert container("seed").restart_count == 0


@pytest.mark.parametrize(
    ("condition", "attempts", "state"),
    [
        ("none", 0, "exited"),
        ("on-failure", 2, "exited"),
        ("on-failure", 3, "restarting"),
        ("any", 0, "restarting"),
    ],
)
def test_what_the_managers_start_again_is_restarting(
    condition: str, attempts: int, state: str
) -> None:
    def change(document: Any) -> None:
        policy = {"Condition": condition, "MaxAttempts": attempts}
        service(document, "loud")["Spec"]["TaskTemplate"]["RestartPolicy"] = policy

    assert container("loud", change).state == state


def test_a_job_that_ended_well_is_not_started_again_on_failure() -> None:
    def change(document: Any) -> None:
        policy = {"Condition": "on-failure"}
        service(document, "seed")["Spec"]["TaskTemplate"]["RestartPolicy"] = policy

    assert container("seed", change).state == "exited"


def test_a_node_that_does_not_answer_is_named() -> None:
    def lose(document: Any) -> None:
        document["nodes"][0]["Status"]["State"] = "down"

    item = container("cache", lose)
    assert (item.state, item.error) == ("dead", "its node vm does not answer")


def test_a_task_of_another_node_is_known_by_what_the_managers_know() -> None:
    def move(document: Any) -> None:
        document["containers"] = []

    item = container("cache", move)
    assert (item.state, item.health) == ("running", "healthy")
    assert list(item.networks) == ["shop_default"]
    assert [(port.target, port.published) for port in item.ports] == [(6379, 6379)]
    assert [(mount.kind, mount.target) for mount in item.mounts] == [("volume", "/data")]


def test_labels_of_the_service_are_those_of_its_slots() -> None:
    item = container("cache")
    assert item.labels["com.docker.compose.service"] == "cache"
    assert item.run_id
    assert item.image_ref == "stacktest/redis:7.0"


@pytest.mark.parametrize(
    ("image", "answer"), [({"Id": "sha256:1"}, "sha256:1"), (Unknown("not here"), None)]
)
def test_the_image_of_another_node_is_known_by_its_id_alone(image: Any, answer: str | None) -> None:
    document = recorded()
    cache = service(document, "cache")
    (slot,) = slots_of(cache, document["tasks"], {})
    given = cache["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    assert remote_document(slot, image)["Image"] == (answer or given)
    assert container_of(slot).image_id == given
