"""Which container of a service is diagnosed, where it has several."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.diagnosis.gather import Gatherer
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
STACK = Stack(name="home", root=Path("/home"), services={"web": Service(name="web")})


def container(number: int, **changes: Any) -> Container:
    values = {"state": "running", **changes}
    return Container(
        id=f"c{number}",
        name=f"home-web-{number}",
        service="web",
        project="home",
        image_id="",
        image_ref="",
        **values,
    )


@pytest.mark.parametrize(
    ("ill", "listed"),
    [
        ({"state": "created", "error": "port is already allocated"}, {"state": "created"}),
        ({"state": "exited", "exit_code": 3}, {}),
        ({"health": "unhealthy"}, {"health": "healthy"}),
        ({"state": "restarting"}, {}),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_one_that_is_not_well(
    ill: dict[str, Any], listed: dict[str, Any], *, first: bool
) -> None:
    numbers = (1, 2) if first else (2, 1)
    known = {c.id: c for c in (container(numbers[0], **ill), container(numbers[1], **listed))}
    document: dict[str, Any] = {"HostConfig": {}, "Config": {}, "State": {}, "Mounts": []}
    engine: Any = SimpleNamespace(
        containers=lambda *_: [known["c1"], known["c2"]],
        container=known.get,
        inspect=lambda _: document,
        logs=lambda *_, **__: Unknown("none"),
        version=lambda: "25.0",
        connection=SimpleNamespace(address="tcp://10.0.0.9"),
    )
    gatherer = Gatherer(stack=STACK, engine=engine, folder=Path("/home"), now=NOW)
    assert gatherer.facts(["web"]).services["web"].container == f"c{numbers[0]}"
