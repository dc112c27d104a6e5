"""Which services a file concerns that cannot be collected."""

import pytest

from stacktest.core.broken_files import BrokenFile, attributed, required_tests
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.inputs import Tests as Required
from stacktest.core.unknown import Unknown

SERVICES = ("blue", "green", "red")
FILE = BrokenFile(path="s/test_a.py", where="s/test_a.py:3", why="SyntaxError: invalid syntax")


def file(*services: str, is_read: bool) -> BrokenFile:
    return BrokenFile(
        path=FILE.path, where=FILE.where, why=FILE.why, services=services, is_read=is_read
    )


RED = {"red": {"s/test_a.py"}, "blue": {"s/test_b.py"}}
CASES = {
    "its text names its services": (file("green", is_read=True), {}, {"green"}),
    "its record names another": (file("green", is_read=True), RED, {"green", "red"}),
    "its text names none": (file(is_read=True), {}, set(SERVICES)),
    "its text names none, its record one": (file(is_read=True), RED, {"red"}),
    "its text names one that is gone": (file("gone", is_read=True), {}, set()),
    "only its record is known": (file(is_read=False), RED, {"red"}),
    "its record, and what it may name": (file("green", is_read=False), RED, {"green", "red"}),
    "nothing is known": (file(is_read=False), {}, set(SERVICES)),
    "it may name others than it quotes": (file("green", is_read=False), {}, set(SERVICES)),
    "nothing can be collected": (BrokenFile(why="pytest ended with 4"), RED, set(SERVICES)),
}


@pytest.mark.parametrize("case", CASES)
def test_whom_a_file_concerns(case: str) -> None:
    broken, recorded, expected = CASES[case]
    tests = {name: Required(digest="d", required=1) for name in SERVICES}
    required = required_tests(tests, attributed([broken], SERVICES, recorded), SERVICES)
    assert {name for name in SERVICES if isinstance(required[name], Unknown)} == expected
    assert all(required[name] == tests[name] for name in SERVICES if name not in expected)


def test_one_error_that_breaks_several_files_is_one_cause() -> None:
    files = [
        BrokenFile(path=f"s/test_{n}.py", where="s/conftest.py:1", why="KeyError", is_read=True)
        for n in "ab"
    ]
    broken = [replace(file, services=("red",)) for file in files]
    assert required_tests({}, broken, SERVICES) == {
        "red": Unknown("s/conftest.py:1 cannot be collected for s/test_a.py: KeyError")
    }


def test_the_cause_has_the_place_of_the_error_and_the_file_that_it_breaks() -> None:
    assert file("red", is_read=True).cause == (
        "s/test_a.py:3 cannot be collected: SyntaxError: invalid syntax"
    )
    helper = BrokenFile(
        path="s/test_a.py", where="s/helper.py:9", why="NameError: 'x' is not defined", is_read=True
    )
    assert helper.cause == (
        "s/helper.py:9 cannot be collected for s/test_a.py: NameError: 'x' is not defined"
    )
    assert FILE.cause.endswith(", and which services it names is not known")
