"""Small stacks for the tests of routes, names and trust."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.core.model import Mount, Port, Service, Stack


HTTPS = (Port(target=443, published=9443),)


@pytest.fixture
def make_stack(tmp_path: Path) -> Callable[..., Stack]:
    """A stack in `tmp_path` with the named services; the first is the front door."""

    def make(
        *names: str,
        ports=HTTPS,
        mounts=(),
        environment=None,
        **services,
    ):
        door, *others = names
        known = {name: Service(name=name) for name in others}
        known[door] = Service(
            name=door,
            ports=tuple(ports),
            mounts=tuple(
                Mount(kind="bind", source=str(source), target=target) for source, target in mounts
            ),
            environment=environment or {},
        )
        known.update({name.replace("_", "-"): service for name, service in services.items()})
        return Stack(name="t", root=tmp_path, services=known, domain="stack.local", front_door=door)

    return make
