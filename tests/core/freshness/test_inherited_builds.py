"""Services whose image another service builds, or starts from one that it builds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.inherited_builds import with_inherited_builds
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.model import Build, Service, Stack
from stacktest.core.unknown import Unknown

TAGS = {"app": "s/app:1", "worker": "s/app:1", "base": "base", "other": "nginx:1"}
LAYERS = {"app": "b a", "worker": "b a", "base": "b", "other": "n"}


def drift_of(
    unbuilt: str = "",
    *,
    bases: Mapping[str, str] | None = None,
    layers: Mapping[str, str] | None = None,
    images: Mapping[str, Any] | None = None,
) -> dict[str, tuple[str, ...]]:
    """The drift of every service; app and base have a build, and `unbuilt` was not repeated."""
    starts = {"app": "base:latest", **(bases or {})}
    services = {
        name: Service(name=name, build=Build(context="/s") if name in ("app", "base") else None)
        for name in TAGS
    }

    def seen(name: str) -> ServiceObservation:
        base = starts.get(name, "debian:12") if services[name].build else ""
        fingerprint = Fingerprint(parts={}, repo="r", key_id="", base_image=base)
        drift = ("unbuilt:context/a",) if name == unbuilt else ()
        return ServiceObservation(fingerprint=fingerprint, containers=(), drift=drift)

    tagged = {
        name: {"RootFS": {"Layers": text.split()}}
        for name, text in {**LAYERS, **(layers or {})}.items()
    }
    observations = with_inherited_builds(
        Stack(name="s", root=Path("/s"), services=services),
        {name: seen(name) for name in TAGS},
        {**tagged, **(images or {})},
        TAGS,
    )
    return {name: found.drift for name, found in observations.items() if found.drift}


OWN = ("unbuilt:context/a",)
OF_APP, OF_BASE = ("unbuilt:image of app",), ("unbuilt:image of base",)


@pytest.mark.parametrize(
    ("unbuilt", "layers", "drift"),
    [
        ("", {}, {}),
        ("other", {}, {"other": OWN}),
        ("app", {}, {"app": OWN, "worker": OF_APP}),
        ("base", {}, {"base": OWN, "app": OF_BASE, "worker": OF_APP}),
        # The base was built, and nothing on top of it.
        ("", {"base": "c"}, {"app": OF_BASE, "worker": OF_APP}),
        ("", {"base": "c", "app": "c a", "worker": "c a"}, {}),
    ],
)
def test_a_build_reaches_every_image_that_it_is_part_of(
    unbuilt: str, layers: Mapping[str, str], drift: Mapping[str, tuple[str, ...]]
) -> None:
    assert drift_of(unbuilt, layers=layers) == drift


def test_a_base_that_no_service_builds_is_not_compared() -> None:
    assert drift_of(bases={"app": "debian:12"}, layers={"base": "c"}) == {}
    assert drift_of(bases={"app": ""}, layers={"base": "c"}) == {}


@pytest.mark.parametrize(
    "image", [Unknown("gone"), {"RootFS": {"Layers": ["x"]}, "RepoDigests": ["app@sha256:1"]}]
)
def test_an_image_that_is_gone_or_was_pulled_was_not_built_of_these_files(image: Any) -> None:
    assert drift_of("base", images={"app": image, "worker": image}) == {"base": OWN}


def test_services_that_are_each_other_s_base_end() -> None:
    assert drift_of("base", bases={"base": "s/app:1"})["app"] == OF_BASE
