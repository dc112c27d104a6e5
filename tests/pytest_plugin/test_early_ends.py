"""A test that returned before its first check has checked nothing, whatever pytest calls it."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

HEAD = """
pytestmark = pytest.mark.service("red")

@pytest.fixture(autouse=True)
def reach(touch):
    touch("red")

def check(touch):
    assert touch
"""
EARLY = """
def test_condition(touch):
    if touch:
        return
    assert not touch

@pytest.mark.parametrize("n", [1])
class TestA:
    def test_parameter(self, touch, n):
        if n:
            return
        check(None)
"""
CHECKED = """
def test_condition(touch):
    if not touch:
        return
    assert touch

def test_helper(touch):
    check(touch)
    if touch:
        return
    assert not touch

def test_polling(touch):
    for _ in range(2):
        if touch:
            return
    assert not touch

def test_failing_at_the_end(touch):
    if touch:
        return
    pytest.fail("no answer")

@pytest.fixture
def red(touch):
    assert touch
    return touch

def test_fixture(red):
    if red:
        return
    assert not red

def answer(x):
    if x:
        return 1
    assert not x

def test_returning_helper(touch):
    assert answer(touch) == 1
"""


def run(shop: Shop, text: str) -> str:
    """What the run said, in one line."""
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("phase1_a/test_a.py", HEAD + text)
    result = shop.run()
    assert result.ret == 0
    return " ".join(result.stdout.str().split())


def test_a_test_that_returned_early_was_not_finished(shop: Shop) -> None:
    output = run(shop, EARLY)
    assert shop.document("red", "last_pass.json") is None
    assert "2 of 2 tests that name red were not finished: " in output
    for line, name in ((16, "test_condition"), (23, "TestA::test_parameter[1]")):
        assert f"::{name} (it returned in line {line}, before its first check)" in output


def test_a_test_that_has_checked_may_return(shop: Shop) -> None:
    run(shop, CHECKED)
    assert shop.document("red", "last_pass.json") is not None
