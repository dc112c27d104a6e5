"""What of Compose's output becomes a dependency: what the files say, and whose container is joined."""

from pathlib import Path

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.core.json_data import Json
from stacktest.core.model import Dependency

STARTED = Dependency(service="vpn")


@pytest.mark.parametrize(
    ("vpn", "joining", "needs"),
    [
        ({"container_name": "the-vpn"}, {"network_mode": "container:the-vpn"}, (STARTED,)),
        ({"container_name": "the-vpn"}, {"pid": "container:the-vpn"}, (STARTED,)),
        ({"container_name": "the-vpn"}, {"ipc": "container:the-vpn"}, (STARTED,)),
        ({"container_name": "the-vpn"}, {"volumes_from": ["container:the-vpn:ro"]}, (STARTED,)),
        ({}, {"network_mode": "container:p-vpn-1"}, (STARTED,)),
        ({"container_name": "the-vpn"}, {"network_mode": "container:p-vpn-1"}, ()),
        ({}, {"network_mode": "container:vpn"}, ()),
        ({}, {"network_mode": "container:p-app-1"}, ()),
        ({}, {"network_mode": "host", "volumes_from": ["vpn:ro"]}, ()),
        (
            {"container_name": "the-vpn"},
            {
                "network_mode": "container:the-vpn",
                "depends_on": {"vpn": {"condition": "service_healthy"}},
            },
            (Dependency(service="vpn", condition="service_healthy"),),
        ),
    ],
)
def test_who_joins_a_container_of_the_stack_needs_its_service(
    vpn: Json, joining: Json, needs: tuple[Dependency, ...]
) -> None:
    document = {"name": "p", "services": {"vpn": vpn, "app": joining}}
    stack = read_model(document, root=Path("/p"))
    assert stack.services["app"].depends_on == needs
    assert stack.services["vpn"].depends_on == ()
