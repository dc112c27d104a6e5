"""The routed services of the reference stack can still be credited."""

import re
from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Port, Service, Stack
from tests.support.routed import service_behind

ROOT = Path(__file__).parents[4] / "fixtures/stacks/reference"
CADDYFILE = "configs/caddy/Caddyfile"
ROUTED = re.findall(r"reverse_proxy ([\w-]+):", (ROOT / CADDYFILE).read_text())


@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_every_answer_of_an_application_is_its_own(status: int) -> None:
    ports = tuple(Port(target=port, published=port) for port in (80, 443))
    services = {name: Service(name=name) for name in ROUTED}
    services["caddy"] = Service(name="caddy", ports=ports)
    stack = Stack(name="t", root=ROOT, services=services, domain="stack.local", front_door="caddy")
    routes = read_routes((CADDYFILE,), stack)
    credited = {
        service_behind(routes, host=route.host, status=status, port=443)
        for route in routes
        if route.service
    }
    assert credited == set(ROUTED)
    assert len(ROUTED) == 20
