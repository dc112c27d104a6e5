"""Another container that has the name by which the front door looks for a service."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.freshness.container.namesakes import name_drift, network_names
from stacktest.core.model import Service, Stack
from stacktest.core.route import Route


def stack(upstream: str = "web:80", where: str = "Caddyfile:1", door: str = "door") -> Stack:
    services = (
        Service(name="door", networks=("edge",)),
        Service(name="web", networks=("back", "edge")),
    )
    return Stack(
        name="t",
        root=Path("/t"),
        services={service.name: service for service in services},
        routes=(Route(host="w.test", service="web", upstream=upstream, where=where),),
        front_door=door,
        definitions={"networks": {"edge": {"name": "shared", "external": True}, "back": None}},
    )


def other(name: str = "other-web-1", **aliases: list[str] | None) -> dict[str, Any]:
    networks = {network: {"Aliases": names} for network, names in aliases.items()}
    return {"Name": f"/{name}", "NetworkSettings": {"Networks": networks}}


@pytest.mark.parametrize(
    ("of", "container", "expected"),
    [
        (stack(), other(shared=["web", "1a2b"]), ("name:web: other-web-1 has it, too",)),
        (stack("http://Web:80/x"), other(shared=["web"]), ("name:web: other-web-1 has it, too",)),
        (stack(), other("web", shared=None), ("name:web: web has it, too",)),
        (stack(), other(shared=["app"]), ()),
        (stack(), other(t_back=["web"]), ()),
        (stack(door=""), other(t_back=["web"]), ("name:web: other-web-1 has it, too",)),
        (stack("the-web:80"), other(shared=["web"]), ()),
        (stack(where="services.web.labels.caddy"), other(shared=["web"]), ()),
        (
            stack("web.shared:80"),
            other(shared=["web"]),
            ("name:web.shared: other-web-1 has it, too",),
        ),
        (stack("web.:80"), other(shared=["web"]), ("name:web: other-web-1 has it, too",)),
        (stack("web.t_back:80"), other(shared=["web"]), ()),
        (stack("http://[::1"), other(shared=["web"]), ()),
    ],
)
def test_a_name_on_the_front_doors_networks_is_one_services(
    of: Stack, container: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert name_drift(of, of.services["web"], [container]) == expected


def test_names_are_looked_up_on_the_front_doors_networks() -> None:
    assert network_names(stack(), "web") == {"shared"}
    assert network_names(stack(door="elsewhere"), "web") == {"shared", "t_back"}
