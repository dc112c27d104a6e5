"""Whatever runs and is not what was deployed is drift, so that it earns nothing: with its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from stacktest.adapters.engine.swarm.spec import DEPLOYED, FOREIGN, part_digests
from tests.support.recorded_swarm import during_update, recorded, service, swarm, tasks

NO_FOLDER = 'invalid mount config for type "bind": bind source path does not exist: /nowhere/at/all'
NO_PORT = "no suitable node (host-mode port already in use on 1 node)"
Change = Callable[[dict[str, Any]], object]


def drift(name: str = "cache", change: Change = lambda document: None) -> tuple[str, ...]:
    document = recorded()
    deployed = service(document, name)["Spec"]["Labels"][DEPLOYED]
    change(document)
    return swarm(document)[0].drift_of("shop", {name: deployed})[name]


def template(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service(document, "cache")["Spec"]["TaskTemplate"]
    return found


@pytest.mark.parametrize("name", ["cache", "app", "seed"])
def test_what_runs_as_it_was_deployed_has_no_drift(name: str) -> None:
    assert drift(name) == ()


def test_a_changed_file_is_drift() -> None:
    engine, _ = swarm()
    reasons = engine.drift_of("shop", {"cache": "another digest"})["cache"]
    assert reasons == ("definition:changed in the files since it was deployed",)


def test_a_service_of_somebody_else_is_drift() -> None:
    def foreign(document: dict[str, Any]) -> None:
        service(document, "cache")["Spec"]["Labels"] = {"com.docker.stack.namespace": "shop"}

    assert drift(change=foreign) == (FOREIGN,)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("image", lambda spec: spec["ContainerSpec"].update(Image="redis:8")),
        ("command", lambda spec: spec["ContainerSpec"].update(Args=["--bind", "::"])),
        ("environment", lambda spec: spec["ContainerSpec"].update(Env=["COLOUR=green"])),
        ("volumes", lambda spec: spec["ContainerSpec"].update(Mounts=[])),
        ("files", lambda spec: spec["ContainerSpec"].update(Configs=[{"ConfigName": "x"}])),
        ("healthcheck", lambda spec: spec["ContainerSpec"].pop("Healthcheck")),
        ("container", lambda spec: spec["ContainerSpec"].update(User="nobody")),
        ("networks", lambda spec: spec.update(Networks=[])),
        ("placement", lambda spec: spec.update(Placement={"Constraints": ["node.id==x"]})),
        ("resources", lambda spec: spec.update(Resources={"Limits": {"MemoryBytes": 1}})),
        ("restart", lambda spec: spec.update(RestartPolicy={"Condition": "any"})),
    ],
)
def test_each_part_that_another_hand_changed_is_named(
    part: str, change: Callable[[dict[str, Any]], object]
) -> None:
    reasons = drift(change=lambda document: change(template(document)))
    # What runs was made from the specification before the change.
    older = f"container:cache.1 runs an older definition: {part}"
    assert reasons == (f"definition:{part}", older)


def test_another_port_is_named() -> None:
    def change(document: dict[str, Any]) -> None:
        service(document, "cache")["Spec"]["EndpointSpec"]["Ports"][0]["PublishedPort"] = 1

    assert drift(change=change) == ("definition:ports",)


def test_an_update_in_progress_is_drift_and_the_older_task_is_named() -> None:
    reasons = drift(change=during_update)
    assert "definition:environment" in reasons
    assert "container:an update is in progress (updating)" in reasons
    assert "container:cache.1 runs an older definition: environment" in reasons


def test_an_update_that_was_put_back_while_its_task_still_serves_is_drift() -> None:
    def change(document: dict[str, Any]) -> None:
        tasks(document, "cache")[-1]["Spec"]["ContainerSpec"]["Image"] = "redis:8"

    assert drift(change=change) == ("container:cache.1 runs an older definition: image",)


def test_two_tasks_in_one_slot_are_drift() -> None:
    def change(document: dict[str, Any]) -> None:
        (task,) = tasks(document, "cache")
        document["tasks"].append({**task, "ID": "second", "CreatedAt": "2030"})

    assert drift(change=change) == ("container:cache.1 has 2 tasks at once",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("loud", "container:loud.1 failed: task: non-zero exit (3)"),
        (
            "folder",
            f"container:folder.1 rejected: {NO_FOLDER}",
        ),
        (
            "greedy",
            f"container:greedy.1 pending: {NO_PORT}",
        ),
    ],
)
def test_the_last_error_of_a_task_is_named(name: str, reason: str) -> None:
    assert drift(name) == (reason,)


def test_a_lost_node_is_named_with_its_service() -> None:
    def lose(document: dict[str, Any]) -> None:
        document["nodes"][0]["Status"]["State"] = "down"

    assert drift(change=lose) == ("container:cache.1 is on node vm, which does not answer",)


def test_a_forced_update_changes_no_part() -> None:
    spec = template(recorded())
    assert part_digests({**spec, "ForceUpdate": 3}) == part_digests(spec)
