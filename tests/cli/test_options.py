"""A name on the command line means a service, or the services of a phase's profiles."""

from pathlib import Path

import pytest

from stacktest.cli.options import known_services, services_of
from stacktest.core.model import Service, Stack
from stacktest.core.phase import Phase
from stacktest.core.route import Route
from stacktest.errors import UsageError

STACK = Stack(
    name="shop",
    root=Path("/shop"),
    services={
        "red": Service(name="red", profiles=("core",), container_name="the-red"),
        "blue": Service(name="blue"),
    },
    routes=(Route(host="wiki.shop.test", service="blue"),),
    phases=(Phase(name="phase0", profiles=("core",)), Phase(name="phase1")),
)


def test_a_phase_means_the_services_of_its_profiles() -> None:
    assert services_of(STACK, ["phase0", "blue"]) == ("blue", "red")


def test_a_phase_without_profiles_does_not_mean_nothing() -> None:
    with pytest.raises(UsageError, match="phase1 has no profiles") as caught:
        services_of(STACK, ["phase1"])
    assert caught.value.hint == "stacktest plan -m phase1 lists the services that its tests need"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Wiki.shop.test", "did you mean 'blue'? Wiki.shop.test leads to it"),
        ("shop-blue-1", "did you mean 'blue'? shop-blue-1 is its container"),
        ("the-red", "did you mean 'red'? the-red is its container"),
        ("shop-blue-run", "stacktest status lists the services"),
        ("rd", "did you mean 'red'?"),
        ("other.shop.test", "stacktest status lists the services"),
    ],
)
def test_another_name_of_a_service_is_answered_with_the_service(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        known_services(STACK, [word])
    assert caught.value.hint == hint
