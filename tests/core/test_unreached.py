"""What is against a service's being reached, and what a start may still change."""

from typing import Any

import pytest

from stacktest.core.unreached import UpstreamFacts, unreached

NETWORKS = {"networks": ("home_default",), "door_networks": ("home_default", "home_front")}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"open_ports": {8080}}, "listens at 8080, its routes ask for 8081"),
        ({"open_ports": {9000, 8080}}, "listens at 8080 and 9000, its routes ask for 8081"),
        ({"local_ports": {8081}}, "listens at 8081 for itself alone, its routes ask for 8081"),
        ({"open_ports": {8081, 9000}}, ""),
        ({}, ""),
        ({"open_ports": {8080}, "routed_ports": set()}, ""),
        ({"networks": ("home_back",)}, "shares no network with the front door"),
        ({"networks": ("host",)}, ""),
        ({"networks": ()}, ""),
    ],
)
def test_what_waiting_does_not_change(changes: dict[str, Any], why: str) -> None:
    values: dict[str, Any] = {"routed_ports": {8081}, "open_ports": set(), **NETWORKS, **changes}
    assert unreached(UpstreamFacts(**values)) == why
