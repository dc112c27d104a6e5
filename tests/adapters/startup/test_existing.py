"""What stands in the way of a start, from an engine that says so."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.existing import refuse_open_networks
from stacktest.core.denied_egress import deny_egress
from stacktest.core.engine_facts import EngineFacts
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError

APP = Service(name="app", networks=("default",), definition={"networks": {"default": None}})
STACK = Stack(
    name="s",
    root=Path("/s"),
    services={"app": APP},
    definitions={"networks": {"default": {"name": "s_default"}}},
)


def engine(*networks: dict[str, Any], **facts: bool) -> EnginePort:
    view = SimpleNamespace(
        facts=lambda: EngineFacts(identity="e", **cast("Any", facts)),
        networks=lambda labels: networks,
    )
    return cast("EnginePort", view)


def test_a_closed_stack_is_refused_where_it_would_not_find_its_own_names() -> None:
    podman = engine(answers_beside_name_servers=False)
    with pytest.raises(UsageError, match="would not find its own names"):
        refuse_open_networks(deny_egress(STACK), ["app"], podman)
    refuse_open_networks(STACK, ["app"], podman)


def test_a_network_that_leads_outside_is_refused() -> None:
    with pytest.raises(UsageError, match="s_default exists and leads outside"):
        refuse_open_networks(deny_egress(STACK), ["app"], engine({"Name": "s_default"}))
    closed = engine({"Name": "s_default", "Internal": True})
    refuse_open_networks(deny_egress(STACK), ["app"], closed)
