"""A container of another project that a service joins by its name."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.application.joined_containers import joined_containers, joined_drift, joined_ids
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown

GONE = Unknown("container lost: No such container")
SERVICES = {
    "torrent": Service(name="torrent", definition={"network_mode": "container:outer"}),
    "lost": Service(name="lost", definition={"pid": "container:lost"}),
    "inner": Service(name="inner", definition={"network_mode": "container:c-vpn"}),
    "vpn": Service(name="vpn", container_name="c-vpn", definition={"network_mode": "host"}),
}
STACK = Stack(name="s", root=Path("/s"), services=SERVICES)


def container(started: int, status: str = "running") -> dict[str, Any]:
    return {"Id": "o1", "State": {"Status": status, "StartedAt": f"2026-01-01T00:00:0{started}Z"}}


def test_every_container_that_a_service_joins_by_its_name_is_looked_up() -> None:
    known = {"outer": container(1), "lost": GONE, "c-vpn": container(2)}
    joined = joined_containers(STACK, known.__getitem__)
    assert joined_ids(joined) == {
        "container:outer": {"o1"},
        "container:lost": frozenset(),
        "container:c-vpn": {"o1"},
    }


@pytest.mark.parametrize(
    ("outer", "reasons"),
    [
        (container(1), ()),
        (container(5), ()),
        (container(6), ("container:outer was restarted after torrent",)),
        (container(1, "exited"), ("container:outer does not run, whose network torrent joined",)),
        # The definition differs then.
        (GONE, ()),
    ],
)
def test_a_service_whose_network_is_gone(outer: Any, reasons: tuple[str, ...]) -> None:
    joined = {"container:outer": outer}
    assert joined_drift(STACK, SERVICES["torrent"], [container(5)], joined) == reasons


def test_a_container_of_the_stack_is_compared_as_a_service() -> None:
    joined = {"container:c-vpn": container(9)}
    assert joined_drift(STACK, SERVICES["inner"], [container(5)], joined) == ()


def test_a_service_that_does_not_run_has_no_network_to_lose() -> None:
    joined = {"container:outer": container(9)}
    assert joined_drift(STACK, SERVICES["torrent"], [container(5, "exited")], joined) == ()
