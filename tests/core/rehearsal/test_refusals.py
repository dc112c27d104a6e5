"""A service that is given part of the host is refused by name, with the reason."""

from pathlib import Path

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.core.json_data import Json
from stacktest.core.rehearsal.refusals import refusals


def reason(definition: Json) -> str:
    stack = read_model({"name": "shop", "services": {"web": definition}}, root=Path("/srv"))
    return refusals(stack).get("web", "")


def bind(source: str, *, read_only: bool = True) -> Json:
    mount = {"type": "bind", "source": source, "target": "/x", "read_only": read_only}
    return {"volumes": [mount]}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"network_mode": "host"}, "network_mode: host uses the host's network"),
        ({"network_mode": "container:vpn"}, "network_mode: container:vpn is outside of the stack"),
        (
            {"network_mode": "bridge"},
            "network_mode: bridge is a network that a copy cannot be kept apart on",
        ),
        ({"pid": "host"}, "pid: host shares the host's own"),
        ({"ipc": "host"}, "ipc: host shares the host's own"),
        ({"uts": "host"}, "uts: host shares the host's own"),
        ({"privileged": True}, "privileged: true may change the host"),
        (
            {"devices": [{"source": "/dev/dri", "target": "/dev/dri"}]},
            "it uses devices of the host",
        ),
        ({"device_cgroup_rules": ["c 13:* rmw"]}, "it uses devices of the host"),
        ({"gpus": [{"count": -1}]}, "it uses devices of the host"),
        (
            {"deploy": {"resources": {"reservations": {"devices": [{"count": 1}]}}}},
            "it uses devices of the host",
        ),
        ({"use_api_socket": True}, "use_api_socket: true reaches the engine"),
        ({"provider": {"type": "x"}}, "it is made by another program (provider)"),
        ({"volumes_from": ["container:db"]}, "volumes_from: container:db is outside of the stack"),
        (bind("/var/run/docker.sock"), "it is given the socket /var/run/docker.sock"),
        (
            bind("/run/user/1000/podman/podman.sock"),
            "it is given the socket /run/user/1000/podman/podman.sock",
        ),
        (bind("/"), "it is given / of the host"),
        (bind("/run/"), "it is given /run of the host"),
        (bind("/dev/serial"), "it is given /dev/serial of the host"),
        (bind("/sys"), "it is given /sys of the host"),
    ],
)
def test_what_reaches_the_host_is_refused(definition: Json, expected: str) -> None:
    assert reason(definition) == expected


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"network_mode": "none"},
        {"network_mode": "service:vpn"},
        {"pid": "service:web"},
        {"ipc": "shareable"},
        {"cap_add": ["NET_ADMIN"]},
        {"volumes_from": ["db"]},
        bind("/srv/data", read_only=False),
        bind("/etc/localtime"),
        bind("/var/lib/app"),
        {"deploy": {"resources": {"limits": {"cpus": 1}}}},
    ],
)
def test_what_stays_inside_is_copied(definition: Json) -> None:
    assert reason(definition) == ""


def test_a_service_that_compose_does_not_read_is_refused_with_its_reason() -> None:
    from stacktest.core.model import Service, Stack

    service = Service(name="web", unreadable="services.web.ports must be a list")
    stack = Stack(name="shop", root=Path("/srv"), services={"web": service})
    assert refusals(stack) == {"web": "services.web.ports must be a list"}
