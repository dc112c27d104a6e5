"""Names in markers that are not services of the stack: the sentence, and what to do."""

from pathlib import Path

import pytest

from stacktest.core.collected_test import Collected
from stacktest.core.misnamed import misnamed_services, refuse_misnamed
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError


def collected(*services: str, line: int = 2) -> Collected:
    return Collected(
        nodeid="suites/test_x.py::test_a",
        reported="suites/test_x.py::test_a",
        services=services,
        phase="",
        routed=False,
        path="suites/test_x.py",
        source="suites/test_x.py",
        line=line,
        checks=1,
        files=("suites/test_x.py",),
        saved=None,
    )


def stack(*names: str) -> Stack:
    services = {name: Service(name=name, image="a") for name in names}
    return Stack(name="shop", root=Path("/shop"), services=services, front_door="caddy")


def place(test: Collected, _name: str) -> str:
    return f"{test.path}:{test.line}"


def _no_list() -> tuple[str, ...]:
    raise AssertionError("the records are only listed if a name is wrong")


@pytest.mark.parametrize(
    ("services", "recorded", "hint"),
    [
        (("web", "jobs"), ("web", "worker"), "write its new name there, if it was renamed: jobs?"),
        (("web", "works"), ("web",), "did you mean 'works'? write it there"),
        (("web", "caddy"), ("web",), "write the name of a service there, or remove the test: "),
        (("a", "b", "c", "d"), (), "write the name of a service there, or remove the test: "),
    ],
    ids=["renamed", "misspelt", "only the front door is new", "everything is new"],
)
def test_the_hint_names_what_it_may_be_called_now(
    services: tuple[str, ...], recorded: tuple[str, ...], hint: str
) -> None:
    (item,) = misnamed_services(stack(*services), [collected("worker")], lambda: recorded, place)
    assert item.hint.startswith(hint)


def test_each_name_is_one_item_with_the_place_of_every_marker() -> None:
    tests = [
        collected("web", "worker"),
        collected("worker"),
        *(collected("old", line=n) for n in range(5)),
    ]
    old, worker = misnamed_services(stack("web"), tests, tuple, place)
    assert worker.cause == (
        "suites/test_x.py:2 names 'worker', which is not a service of this stack"
    )
    assert old.cause.startswith("suites/test_x.py:0, suites/test_x.py:1, suites/test_x.py:2 and 2 ")
    assert misnamed_services(stack("web"), [collected("web"), collected()], _no_list, place) == ()
    with pytest.raises(UsageError, match="names 'worker'"):
        refuse_misnamed([worker])
