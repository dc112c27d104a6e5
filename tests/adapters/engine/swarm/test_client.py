"""A manager of a swarm in the place of an engine: what it is asked, and what it is told to do."""

from typing import Any

import pytest

from stacktest.adapters.engine.cleanup import remove_owned
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import Connection, read_connection
from stacktest.adapters.engine.kinds import engine_at
from stacktest.adapters.engine.labels import RUN, STACK
from stacktest.adapters.engine.swarm import client
from stacktest.adapters.engine.swarm.client import SwarmEngine
from stacktest.adapters.engine.swarm.slots import REPLICAS, labels_of
from stacktest.adapters.engine.swarm.spec import PARTS
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolMissingError
from tests.support.known import known
from tests.support.recorded_swarm import RecordedSocket, recorded, service, swarm, tasks


def stopped() -> tuple[SwarmEngine, RecordedSocket, str]:
    """A swarm in which the app was created and not started, and the app's first slot."""
    document = recorded()
    app = service(document, "app")
    app["Spec"]["Mode"]["Replicated"]["Replicas"] = 0
    app["Spec"]["Labels"].pop(PARTS)
    document["tasks"] = [t for t in document["tasks"] if t not in tasks(document, "app")]
    engine, socket = swarm(document)
    return engine, socket, f"{app['ID']}.1"


def test_the_connection_says_what_has_the_containers() -> None:
    connection = swarm()[0].connection
    assert isinstance(engine_at(connection), SwarmEngine)
    assert read_connection(connection.words()) == connection
    assert not isinstance(engine_at(Connection(address="unix:///x")), SwarmEngine)


def test_an_engine_that_manages_no_swarm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = swarm()
    monkeypatch.setattr(engine, "info", lambda: {"Swarm": {"ControlAvailable": False}})
    monkeypatch.setattr("stacktest.adapters.engine.client.Engine.ping", lambda self: None)
    with pytest.raises(ToolMissingError, match="is not a manager of a swarm"):
        engine.ping()


def test_a_start_gives_the_service_all_its_tasks_once() -> None:
    engine, socket, slot = stopped()
    assert engine.start(slot) == ""
    assert engine.start(slot.replace(".1", ".2")) == ""
    (spec,) = socket.posted
    assert spec["Mode"] == {"Replicated": {"Replicas": 2}}
    assert set(labels_of({"Spec": spec})) >= {REPLICAS, PARTS}


def test_a_change_of_somebody_else_is_read_again_and_kept() -> None:
    engine, socket, slot = stopped()
    socket.conflicts = 2
    assert engine.start(slot) == ""
    assert len(socket.posted) == 1


def test_labels_choose_the_slots_and_containers_that_carry_them() -> None:
    engine, _ = swarm()
    mark = engine.containers("shop")[0].labels[STACK]
    assert {item.service for item in engine.containers(labels={STACK: mark})} > {"cache", "app"}
    assert engine.containers(labels={STACK: "another"}) == ()


def test_removing_by_label_leaves_what_somebody_else_deployed() -> None:
    document = recorded()
    run = service(document, "cache")["Spec"]["Labels"][RUN]
    ids = {service(document, name)["ID"] for name in ("cache", "seed", "app")}
    del service(document, "app")["Spec"]["Labels"][RUN]
    for row in document["containers"]:
        row["State"] = "exited"
    document["tasks"] = [
        {**task, "Status": {"State": "complete"}}
        for task in document["tasks"]
        if task["ServiceID"] in ids
    ]
    engine, socket = swarm({**document, "containers": []})
    remove_owned(engine, {RUN: run})
    left = {row["Spec"]["Name"] for row in socket.document["services"]}
    assert {"shop_cache", "shop_seed"}.isdisjoint(left)
    assert "shop_app" in left


def test_services_without_our_label_are_foreign() -> None:
    document = recorded()
    mark = service(document, "cache")["Spec"]["Labels"][STACK]
    del service(document, "app")["Spec"]["Labels"][STACK]
    assert swarm(document)[0].foreign_services("shop", (STACK, mark)) == ("app",)


def test_a_port_that_stays_taken_is_the_reason_after_some_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    engine, _ = swarm()
    slot = next(item.id for item in engine.containers("shop") if item.service == "greedy")
    assert known(engine.container(slot)).error == ""
    clock[0] = 6.0
    assert "port already in use" in known(engine.container(slot)).error


def test_a_slot_whose_service_is_gone_is_nothing() -> None:
    engine, _ = swarm()
    assert engine.container("absent.1") is None
    assert isinstance(engine.inspect("absent.1"), Unknown)


def test_a_command_in_a_container_of_another_node_is_an_error_with_its_name() -> None:
    engine, _ = swarm()
    slot = next(item.id for item in engine.containers("shop") if item.service == "cache")
    with pytest.raises(StacktestError, match=r"cache\.1 runs on node vm") as caught:
        engine.execute(slot, ["true"])
    assert caught.value.hint.startswith("docker context create vm ")


def test_a_command_on_another_node_goes_by_the_context_of_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, _ = swarm()
    connections, commands = list[str](), list[list[str]]()
    far = Connection(address="unix:///far")

    def execute(self: Engine, container: str, argv: list[str], **_: Any) -> tuple[int, str, str]:
        connections.append(self.connection.address)
        commands.append([container, *argv])
        return 0, "", ""

    monkeypatch.setattr(client, "context_connection", lambda name: {"vm": far}[name])
    monkeypatch.setattr(Engine, "execute", execute)
    slot = next(item.id for item in engine.containers("shop") if item.service == "cache")
    assert engine.execute(slot, ["true"])[0] == 0
    assert connections == ["unix:///far"]
    assert commands == [[known(engine.services.slot(slot)).container_id, "true"]]


def test_a_task_without_a_node_has_no_logs() -> None:
    engine, _ = swarm()
    slot: Any = next(item.id for item in engine.containers("shop") if item.service == "greedy")
    assert engine.logs(slot) == Unknown("its logs cannot be read: no node has a task of it")
