"""Digests of older versions are computed when they are asked for, each by itself."""

import pytest

from stacktest.core.fingerprint.carried import Carried
from stacktest.core.unknown import Unknown


def test_only_the_version_that_is_asked_for_is_computed_and_that_once() -> None:
    computed: list[int] = []

    def compute(version: int) -> str | Unknown:
        computed.append(version)
        return Unknown("lost") if version == 2 else f"digest {version}"

    carried = Carried((1, 2, 3), compute)
    assert [carried.get(version) for version in (3, 3, 2, 4)] == [
        "digest 3",
        "digest 3",
        None,
        None,
    ]
    assert computed == [3, 2]
    with pytest.raises(KeyError):
        carried[2]
    assert dict(carried) == {1: "digest 1", 3: "digest 3"}
    assert len(carried) == 2
