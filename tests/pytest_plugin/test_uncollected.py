"""A test that a file defines and that pytest leaves out without an error did not run."""

import re
from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

GOOD = """
pytestmark = pytest.mark.service("red")

def test_a(touch):
    touch("red")
    assert touch
"""
LEFT_OUT = """
class TestB:
    def __init__(self):
        self.x = 1
    def test_b(self, touch):
        assert not touch

class Base:
    def __new__(cls):
        return object.__new__(cls)
    def test_b(self, touch):
        assert not touch

class TestC(Base):
    pass

class TestD:
    def test_b(self, touch):
        assert not touch
    def test_b(self, touch):
        touch("red")
        assert touch

def test_a(touch):
    touch("red")
    assert touch
"""
ON_PURPOSE = """
import unittest

class TestB:
    __test__ = False
    def test_b(self, touch):
        assert not touch

class TestSettings:
    def __init__(self):
        self.x = 1

@pytest.fixture
def test_data(touch):
    touch("red")

if pytest:
    def test_b(test_data):
        assert test_data is None
else:
    def test_b(test_data):
        assert test_data is not None

class TestBase:
    def test_c(self, test_data):
        assert test_data is None

class TestMore(TestBase):
    pass

class TestOld(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _touch(self, touch):
        touch("red")
    def test_d(self):
        self.assertTrue(self)
"""


def reasons(shop: Shop, text: str, *arguments: str) -> list[str]:
    """The reasons against a pass, without numbers of lines; none: there is one."""
    settings = shop.path / "tox.ini"
    settings.write_text(settings.read_text().replace("= error", "= default"))
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("phase1_a/test_a.py", GOOD + text)
    shop.run(*arguments)
    assert (shop.document("red", "last_pass.json") is None) == bool(text != ON_PURPOSE)
    return [re.sub(r"\d+", "N", why) for why in shop.document("red", "last_run.json")["reasons"]]


def test_what_is_left_out_without_an_error_did_not_run(shop: Shop) -> None:
    again = "(line N: it is defined again in line N), and it names red"
    assert reasons(shop, LEFT_OUT) == [
        f"suites/phaseN_a/test_a.py::{why}"
        for why in (
            "TestB was not collected (it has a constructor), and it names red",
            "TestC was not collected (it has a constructor), and it names red",
            f"TestD::test_b was not collected {again}",
            f"test_a was not collected {again}",
        )
    ]


def test_what_a_hook_leaves_out_of_a_file_did_not_run(shop: Shop) -> None:
    hook = 'def pytest_pycollect_makeitem(name):\n    return [] if name == "test_b" else None\n'
    shop.suite("conftest.py", hook)
    assert reasons(shop, "def test_b(touch):\n    assert not touch\n") == [
        "suites/phaseN_a/test_a.py::test_b was not collected (a hook left it out), and it names red"
    ]


def test_what_is_no_test_on_purpose_costs_nothing(shop: Shop) -> None:
    assert reasons(shop, ON_PURPOSE) == []


def test_a_run_of_one_test_calls_no_other_one_left_out(shop: Shop) -> None:
    text = "def test_b(touch):\n    touch('red')\n    assert touch"
    (why,) = reasons(shop, text, "suites/phase1_a/test_a.py::test_a")
    assert why.startswith("N of N tests that name red did not run: not selected by ")
