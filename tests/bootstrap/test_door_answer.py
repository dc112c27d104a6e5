"""What a front door that does not run yet means: not a wrong name, but that there is no answer yet."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stacktest.adapters.names import NameMap
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.door_answer import door_answer
from stacktest.core.model import Port, Service, Stack
from stacktest.core.readiness import PersistentFailure
from stacktest.core.route import Route

DOOR = ("127.0.0.1", 8443)


def project(
    moved: Mapping[tuple[str, int], tuple[str, int]] | None, *, makes_its_ca: bool = False
) -> Project:
    door = Service(name="door", ports=(Port(target=443, published=8443),))
    route = Route(host="app.test", service="app", upstream="app:80")
    stack = Stack(
        name="t", root=Path("/t"), services={"door": door}, routes=(route,), front_door="door"
    )
    names = NameMap(hosts=("app.test",), doors={443: DOOR}, moved=moved)
    ca = Path("/t/ca.pem")
    return cast(
        "Project",
        SimpleNamespace(names=names, stack=stack, readable_ca=ca, makes_its_ca=makes_its_ca),
    )


def test_a_door_that_nothing_leads_to_yet_is_waited_for() -> None:
    answer = door_answer(project(moved={}), "app", "app.test")
    assert answer == "https://app.test/ does not answer: the front door does not run"


@pytest.mark.parametrize("moved", [None, {DOOR: ("172.20.0.2", 443)}])
def test_a_name_that_is_not_the_stacks_is_refused_at_once(
    moved: Mapping[tuple[str, int], tuple[str, int]] | None,
) -> None:
    answer = door_answer(project(moved), "app", "other.test")
    assert isinstance(answer, PersistentFailure)


@pytest.mark.parametrize(("makes_its_ca", "patience"), [(False, 5.0), (True, 30.0)])
def test_a_ca_that_is_not_there_is_waited_for_longer_where_a_service_makes_it(
    makes_its_ca: bool, patience: float
) -> None:
    why = "the CA /t/ca.pem cannot be read: no such file or directory"
    answer = door_answer(project(None, makes_its_ca=makes_its_ca), "app", "app.test")
    assert isinstance(answer, PersistentFailure)
    assert (answer.why, answer.code) == (f"cannot be tested: {why}", "SK-CA")
    assert answer.hint == "name the CA's certificate (PEM) as `ca` under [stack]"
    assert answer.patience == patience
