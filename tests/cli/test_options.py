"""A name on the command line means a service, or the services of a phase's profiles."""

from pathlib import Path

import pytest

from stacktest.cli.options import services_of
from stacktest.core.model import Service, Stack
from stacktest.core.phase import Phase
from stacktest.errors import UsageError

STACK = Stack(
    name="shop",
    root=Path("/shop"),
    services={"red": Service(name="red", profiles=("core",)), "blue": Service(name="blue")},
    phases=(Phase(name="phase0", profiles=("core",)), Phase(name="phase1")),
)


def test_a_phase_means_the_services_of_its_profiles() -> None:
    assert services_of(STACK, ["phase0", "blue"]) == ("blue", "red")


def test_a_phase_without_profiles_does_not_mean_nothing() -> None:
    with pytest.raises(UsageError, match="phase1 has no profiles") as caught:
        services_of(STACK, ["phase1"])
    assert caught.value.hint == "stacktest plan -m phase1 lists the services that its tests need"
