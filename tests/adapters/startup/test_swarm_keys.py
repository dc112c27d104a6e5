"""Every key of a compose file has one place: passed on, translated, not applied, or impossible."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.startup.swarm_keys import (
    IMPOSSIBLE,
    NOT_APPLIED,
    PASSED,
    TRANSLATED,
    impossible,
    not_applied,
)
from stacktest.core.model import Service

PAGE = Path(__file__).parents[3] / "docs/how-to/docker-swarm.md"
PLACES = (frozenset(PASSED), TRANSLATED.keys(), NOT_APPLIED.keys(), IMPOSSIBLE.keys())


def service(**definition: Any) -> Service:
    return Service(name="app", definition=definition)


def test_no_key_has_two_places() -> None:
    assert sum(map(len, PLACES)) == len(frozenset().union(*PLACES))


def test_the_documentation_lists_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [key for key in frozenset().union(*PLACES) if f"`{key}`" not in text] == []


def test_a_key_that_nobody_knows_is_named() -> None:
    assert list(not_applied(service(telepathy=True))) == [("telepathy", "")]


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ({"security_opt": ["no-new-privileges:true"]}, ["security_opt"]),
        ({"security_opt": []}, []),
        ({"read_only": True, "depends_on": {"db": {}}}, []),
        ({"ports": [{"host_ip": "127.0.0.1", "published": "80"}]}, ["ports 127.0.0.1:80"]),
        ({"ports": [{"published": "80"}]}, []),
    ],
)
def test_what_has_no_effect_is_named(definition: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in not_applied(service(**definition))] == keys


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ({"network_mode": "service:vpn"}, ["network_mode"]),
        ({"privileged": True}, ["privileged"]),
        ({"privileged": False}, []),
        ({"deploy": {"mode": "global"}}, ["deploy.mode"]),
        ({"deploy": {"mode": "replicated"}}, []),
    ],
)
def test_what_cannot_be_had_is_named(definition: dict[str, Any], keys: list[str]) -> None:
    assert [key for key, _ in impossible(service(**definition))] == keys
