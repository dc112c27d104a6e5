"""What always runs comes first, by kind; each profile is a phase after it."""

import pytest

from stacktest.core.model import Service, Stack
from stacktest.init.phases import propose_phases


def services(**profiles: str) -> Stack:
    from pathlib import Path

    made = {
        name: Service(name=name, image=f"{name}:1", profiles=tuple(text.split()))
        for name, text in profiles.items()
    }
    return Stack(name="x", root=Path("x"), services=made)


@pytest.mark.parametrize(
    ("stack", "titles"),
    [
        (
            services(caddy="", redis="", wiki="", jellyfin="media", lab="work"),
            ["Front door", "Stores", "Applications", "Media", "Work"],
        ),
        (services(caddy="", extras="media-extras"), ["Front door", "Media extras"]),
        (services(caddy="core", redis="core", wiki="apps"), ["Core", "Apps"]),
        (services(wiki=""), ["Applications"]),
    ],
)
def test_titles(stack: Stack, titles: list[str]) -> None:
    stages = propose_phases(stack, "caddy")
    assert [stage.phase.title for stage in stages] == titles
    assert sorted(name for stage in stages for name in stage.services) == sorted(stack.services)
