"""With a chosen service go those that depend on it; an unknown name is one error."""

from pathlib import Path

import pytest

from stacktest.core.model import Dependency, Service, Stack
from stacktest.errors import UsageError
from stacktest.pytest_plugin.chosen_services import with_dependants


def service(name: str, *needs: str, uses: tuple[str, ...] = ()) -> Service:
    return Service(name=name, depends_on=tuple(Dependency(service=n) for n in needs), uses=uses)


SHOP = Stack(
    name="shop",
    root=Path("/srv/shop"),
    services={
        item.name: item
        for item in (
            service("db"),
            service("api", "db"),
            service("web", "api"),
            service("report", uses=("web",)),
            service("mail"),
        )
    },
)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["db"], {"db", "api", "web", "report"}),
        (["web"], {"web", "report"}),
        (["mail", "report"], {"mail", "report"}),
        ([], set()),
    ],
)
def test_dependants_go_with_a_chosen_service(chosen: list[str], expected: set[str]) -> None:
    assert with_dependants(SHOP, chosen) == expected


def test_an_unknown_name_is_one_error_with_the_nearest_known() -> None:
    with pytest.raises(UsageError, match="'wbe' is not a service of this stack") as raised:
        with_dependants(SHOP, ["wbe"])
    assert "web" in raised.value.hint


def test_names_behind_one_option_are_answered_with_how_to_give_several() -> None:
    with pytest.raises(UsageError) as raised:
        with_dependants(SHOP, ["web,mail"])
    assert raised.value.hint == "give the option once for each service"
