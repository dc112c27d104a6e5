"""Whose network is gone: who joined the container of another one that was started later."""

from pathlib import Path
from typing import cast

import pytest

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.joined_network import lost_network
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError
from tests.support.compose_project import Project

LATER = "vpn was restarted after it"


def container(name: str) -> Container:
    return Container(
        id=name,
        name=name,
        service=name,
        project="p",
        image_id="",
        image_ref="",
        state="running",
    )


@pytest.mark.parametrize(
    ("mode", "owner", "cause"),
    [
        ("service:vpn", ("running", "12:00:01"), f"is in a network that is gone: {LATER}"),
        ("container:p-vpn-1", ("running", "12:00:01"), f"is in a network that is gone: {LATER}"),
        ("container:far", ("running", "12:00:01"), "is in a network that is gone: far was"),
        ("container:far", ("exited", "11:00:00"), "joined the network of far, which does not run"),
        ("container:far", None, "joined the network of far, which does not run"),
        ("service:vpn", ("running", "11:59:59"), ""),
        ("container:far", ("running", "11:59:59"), ""),
        # Its own failure is told where it is judged itself.
        ("service:vpn", ("exited", "12:00:01"), ""),
        ("service:vpn", None, ""),
        ("service:vpn", ("running", "no time"), ""),
        ("host", ("running", "12:00:01"), ""),
        ("", ("running", "12:00:01"), ""),
    ],
)
def test_who_is_in_a_network_that_is_gone(
    mode: str, owner: tuple[str, str] | None, cause: str
) -> None:
    class Engine:
        def inspect(self, name: str) -> Json | Unknown:
            status, time = ("running", "12:00:00") if name == "torrents" else owner or ("", "")
            if not status:
                return Unknown("there is none")
            return {"State": {"Status": status, "StartedAt": f"2026-12-01T{time}Z"}}

    names = {"vpn": "", "torrents": mode}
    services = {
        name: Service(name=name, definition={"network_mode": m}) for name, m in names.items()
    }
    stack = Stack(name="p", root=Path("/p"), services=services)
    lost = lost_network(
        cast(EnginePort, Engine()), stack, container("torrents"), [container("vpn")]
    )
    assert (lost.cause if lost else "").startswith(cause)
    assert (lost is None) == (not cause)


@pytest.mark.real_docker
def test_a_real_tenant_of_a_restarted_container_is_not_waited_for(project: Project) -> None:
    project.write("""
services:
  vpn: {image: IMAGE, init: true, command: [sleep, infinity]}
  torrents: {image: IMAGE, init: true, command: [sleep, infinity], network_mode: "service:vpn"}
""")
    project.compose("up", "-d")
    vpn = {item.service: item.id for item in project.engine.containers(project.name)}["vpn"]
    project.engine.stop(vpn, grace=0)
    assert project.engine.start(vpn) == ""
    with pytest.raises(StackNotReadyError, match="vpn was restarted after it"):
        project.up(rules={"torrents": "tcp:9"})
