"""The file that `docker stack deploy` is given: what it says, and what becomes of each key."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.engine.labels import RUN
from stacktest.adapters.engine.swarm.slots import IMAGE, REPLICAS
from stacktest.adapters.engine.swarm.spec import DEPLOYED
from stacktest.adapters.startup.swarm_file import add_files, deployed_digest, stack_file
from stacktest.core.json_data import Json
from stacktest.core.model import Stack

ROOT = Path("/srv/shop")


def stack(definition: dict[str, Any], **sections: Any) -> Stack:
    document = {"name": "shop", "services": {"app": {"image": "app:1", **definition}}, **sections}
    return read_model(document, root=ROOT)


def deployed(definition: dict[str, Any], **sections: Any) -> dict[str, Any]:
    labels = {"labels": {RUN: "r1"}}
    override = {"services": {"app": labels}, "networks": {"default": labels}}
    model = stack(definition, **sections)
    document: dict[str, Any] = stack_file(model, ["app"], override, {"app": "sha256:1"})
    return document


def app(definition: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = deployed(definition)["services"]["app"]
    return row


def test_a_service_is_deployed_by_its_image_id_and_without_tasks() -> None:
    row = app({"scale": 2})
    assert row["image"] == "sha256:1"
    assert row["deploy"]["replicas"] == 0
    labels = row["deploy"]["labels"]
    assert (labels[RUN], labels[IMAGE], labels[REPLICAS]) == ("r1", "app:1", "2")
    assert labels[DEPLOYED] == deployed_digest(stack({"scale": 2}).services["app"])


@pytest.mark.parametrize(
    ("restart", "policy"),
    [
        (None, {"condition": "none"}),
        ("no", {"condition": "none"}),
        ("always", {"condition": "any"}),
        ("unless-stopped", {"condition": "any"}),
        ("on-failure", {"condition": "on-failure"}),
        ("on-failure:3", {"condition": "on-failure", "max_attempts": 3}),
    ],
)
def test_restart_becomes_a_policy(restart: str | None, policy: dict[str, Any]) -> None:
    assert app({"restart": restart} if restart else {})["deploy"]["restart_policy"] == policy


def test_a_policy_for_swarms_counts_more_than_restart() -> None:
    deploy = {"restart_policy": {"condition": "on-failure", "delay": "1s"}}
    row = app({"restart": "always", "deploy": deploy})
    assert row["deploy"]["restart_policy"] == deploy["restart_policy"]


def test_ports_are_those_of_the_node_and_numbers() -> None:
    row = app({"ports": [{"mode": "ingress", "target": 80, "published": "8080", "host_ip": "::1"}]})
    assert row["ports"] == [{"target": 80, "published": 8080, "protocol": "tcp", "mode": "host"}]
    assert row["deploy"]["endpoint_mode"] == "dnsrr"


def test_whoever_asks_for_a_virtual_address_gets_the_routing_mesh() -> None:
    port = {"mode": "ingress", "target": 80, "published": "8080"}
    row = app({"ports": [port], "deploy": {"endpoint_mode": "vip"}})
    assert row["ports"][0]["mode"] == "ingress"
    assert row["deploy"]["endpoint_mode"] == "vip"


def test_limits_move_to_where_a_swarm_reads_them() -> None:
    row = app({"mem_limit": "67108864", "cpus": 0.5, "pids_limit": 50, "mem_reservation": "1024"})
    assert row["deploy"]["resources"] == {
        "limits": {"memory": "67108864", "cpus": "0.5", "pids": 50},
        "reservations": {"memory": "1024"},
    }


def test_shared_memory_becomes_a_file_system() -> None:
    (volume,) = app({"shm_size": "268435456"})["volumes"]
    assert (volume["target"], volume["tmpfs"]) == ("/dev/shm", {"size": 268435456})


def test_an_empty_entrypoint_is_no_program_before_the_command() -> None:
    row = app({"entrypoint": [], "command": ["redis-server", "--save", ""]})
    assert (row["entrypoint"], row["command"]) == (["redis-server"], ["--save", ""])
    assert "entrypoint" not in app({"entrypoint": None, "command": ["x"]})


def test_what_only_orders_or_builds_is_left_out() -> None:
    definition = {
        "build": {"context": "/srv/shop"},
        "container_name": "shop-app",
        "depends_on": {"db": {"condition": "service_healthy"}},
        "expose": ["80"],
        "networks": {"default": None},
        "profiles": ["web"],
        "restart": "always",
    }
    row = app(definition)
    assert not {"build", "container_name", "depends_on", "expose", "profiles", "restart"} & set(row)
    assert row["networks"] == {"default": {"aliases": ["shop-app"]}}


def test_networks_are_overlays_that_a_probe_can_join() -> None:
    networks = {"default": {"name": "shop_default", "driver": "bridge", "internal": True}}
    document = deployed({"networks": {"default": None}}, networks=networks)
    assert document["networks"]["default"] == {
        "name": "shop_default",
        "driver": "overlay",
        "attachable": True,
        "internal": True,
        "labels": {RUN: "r1"},
    }


def test_an_external_network_stays_what_it_is() -> None:
    networks = {"default": {"name": "edge", "external": True}}
    document = deployed({"networks": {"default": None}}, networks=networks)
    assert document["networks"]["default"] == {"name": "edge", "external": True}


def test_folders_of_this_machine_are_not_made_by_a_swarm() -> None:
    volume = {
        "type": "bind",
        "source": "/srv/x",
        "target": "/x",
        "bind": {"create_host_path": True},
    }
    assert app({"volumes": [volume]})["volumes"] == [
        {"type": "bind", "source": "/srv/x", "target": "/x"}
    ]


def test_files_get_names_of_their_own_within_what_a_swarm_takes(tmp_path: Path) -> None:
    key = "a-configuration-with-a-rather-long-name-indeed"
    model = stack({"configs": [{"source": key}]}, configs={key: {"file": "/srv/x"}})
    labels, names = {RUN: "20261129T213650-888f6b"}, set[str]()
    for _ in range(2):
        document: Json = {"services": {"app": {"configs": [{"source": key}]}}}
        add_files(document, model, {f"configs.{key}": tmp_path}, labels)
        (row,) = document["configs"].values()
        assert len(row["name"]) <= 64
        assert row["labels"] == labels
        names.add(row["name"])
    assert len(names) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"command": ["x"]},
        {"environment": {"COLOUR": "green"}},
        {"restart": "always"},
        {"ports": [{"target": 80}]},
    ],
)
def test_the_digest_moves_with_what_is_deployed(change: dict[str, Any]) -> None:
    assert deployed_digest(stack(change).services["app"]) != deployed_digest(
        stack({}).services["app"]
    )


@pytest.mark.parametrize("change", [{"depends_on": {"db": {}}}, {"profiles": ["x"]}])
def test_the_digest_stays_where_only_the_order_changes(change: dict[str, Any]) -> None:
    assert deployed_digest(stack(change).services["app"]) == deployed_digest(
        stack({}).services["app"]
    )
