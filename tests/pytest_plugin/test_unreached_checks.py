"""A test that reached none of its checks has checked nothing, whatever pytest calls it."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

HEAD = """
import contextlib
import unittest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers, lists

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

def test_with(touch):
    with contextlib.nullcontext():
        if touch:
            return
        assert not touch

def test_finally(touch):
    try:
        if touch:
            return
    finally:
        touch("red")
    assert not touch
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

def test_with(touch):
    with contextlib.nullcontext():
        if not touch: return
        assert touch

@given(numbers=lists(integers(), min_size=1))
@settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
def test_generated(numbers):
    for number in numbers:
        assert number is not None
"""


LOOSE = """
def test_loop(touch):
    for number in range(0):
        assert number

def test_condition(touch):
    if not touch:
        check(touch)

def test_handler(touch):
    try:
        touch("red")
    except OSError as error:
        assert "refused" in str(error)

@pytest.mark.parametrize("rows", [[]])
def test_rows(touch, rows):
    for row in rows:
        with pytest.raises(ValueError):
            row()

def check_rows(rows):
    for row in rows:
        assert row

def test_rows_in_a_helper(touch):
    check_rows([])
    check_rows([])

def check_tree(tree):
    for branch in tree:
        if isinstance(branch, list):
            check_tree(branch)
        else:
            assert branch

def test_tree(touch):
    check_tree([[], [[]]])

class Rows:
    def __init__(self, rows):
        self.rows = rows
    def must_hold(self):
        for row in self.rows:
            assert row

def test_rows_of_an_object(touch):
    rows = Rows([])
    rows.must_hold()

def check_unless_there(touch):
    if touch:
        return
    assert not touch

def test_returning_helper(touch):
    check_unless_there(touch)

def test_one_or_the_other(touch):
    touch or check(None)

def test_neither(touch):
    check(touch) if not touch else None
"""
LOOSE_FIXTURES = """
def rows_of(rows):
    for row in rows:
        assert row

@pytest.fixture
def loop(touch):
    for row in []:
        assert row

def test_loop(loop):
    pass

@pytest.fixture
def condition(touch):
    if not touch:
        assert touch

@pytest.fixture
def asking(condition):
    return condition

def test_condition(asking):
    pass

@pytest.fixture
def early(touch):
    if touch:
        return
    assert not touch

def test_early(early):
    pass

@pytest.fixture
def helper(touch):
    rows_of([])

def test_helper(helper):
    rows_of([])

@pytest.fixture
def everything(touch):
    assert all(row for row in [])

def test_all(everything):
    pass

@pytest.fixture
def after(touch):
    yield
    for row in []:
        assert row

def test_after(after):
    pass

@pytest.fixture(scope="module")
def wide():
    for row in []:
        assert row

def test_wide(wide, touch):
    pass

def test_wide_again(wide, touch):
    pass
"""
REACHED_FIXTURES = """
@pytest.fixture
def loop(touch):
    for row in [1]:
        assert row

def test_loop(loop):
    pass

@pytest.fixture
def asking(loop):
    return loop

def test_asking(asking):
    pass

@pytest.fixture(scope="module", params=[[1], [2]])
def wide(request):
    for row in request.param:
        assert row

def test_wide(wide, touch):
    pass

def test_wide_again(wide, touch):
    pass

@pytest.fixture
def waited(touch):
    for _ in range(3):
        if touch:
            return
    pytest.fail("no answer")

def test_waited(waited):
    pass

@pytest.fixture
def firm_at_the_end(touch):
    yield
    assert touch

def test_firm_at_the_end(firm_at_the_end):
    pass

class Holder:
    def __init__(self, check):
        self.check = check

@pytest.fixture
def holder(touch):
    def inner(row):
        assert row
    return Holder(inner)

@pytest.fixture
def held(holder):
    holder.check(1)

def test_of_a_holder(holder):
    holder.check(1)

def test_of_a_holder_that_another_asks(held):
    pass

@pytest.fixture
def nothing(touch):
    for row in []:
        assert row

def test_that_checks_itself(nothing, touch):
    assert touch
"""
GENERATED = """
SETTINGS = settings(max_examples=3, database=None, suppress_health_check=list(HealthCheck))

@given(rows=lists(integers(), max_size=0))
@SETTINGS
def test_loop(rows):
    for row in rows:
        assert row is not None

@given(row=integers())
@SETTINGS
def test_early(row):
    if row is not None:
        return
    assert not row

def holds(rows):
    for row in rows:
        assert row is not None

class TestA:
    @given(rows=lists(integers(), max_size=0))
    @SETTINGS
    def test_helper(self, rows):
        holds(rows)

@given(rows=lists(integers(), max_size=0))
@SETTINGS
def test_all(rows):
    assert all(row is not None for row in rows)
"""
LEFT = """
def test_else(touch):
    try:
        raise ValueError
    except ValueError:
        pass
    else:
        assert touch

def test_rest(touch):
    try:
        {}["answer"]
        assert touch
    except KeyError:
        pass
"""
LEFT_OUT = """
import functools

def manual(test):
    @functools.wraps(test)
    def wrapper(touch):
        if not touch:
            test(touch)
    return wrapper

@manual
def test_firm(touch):
    assert not touch

@manual
def test_loop(touch):
    for number in (1, 2):
        assert not number
"""
NOTHING_TO_GO_THROUGH = """
def test_all(touch):
    assert all(row["ok"] for row in [])

def test_all_of_two(touch):
    assert all([]) and all(map(check, []))

class TestUnit(unittest.TestCase):
    def test_all(self):
        self.assertTrue(all(row for row in []))

def check_all(rows):
    assert all(
        row for row in rows
    )

def test_all_in_a_helper(touch):
    check_all([])
"""
REACHED = """
import functools
from concurrent.futures import ThreadPoolExecutor

def test_loop(touch):
    for number in (1, 2):
        if number == 2:
            assert (
                number
            )

def test_failures(touch):
    for number in range(0):
        pytest.fail(str(number))
    if not touch:
        raise AssertionError("no answer")

def die(text):
    pytest.fail(text)

def test_helper_that_fails(touch):
    if not touch:
        die("no answer")

def test_iterated(touch):
    for number in checked(touch):
        check(number)

def checked(touch):
    assert touch
    return []

def test_one_or_the_other(touch):
    touch and check(touch)

def test_either(touch):
    check(touch) if touch else check(None)

def in_a_thread(test):
    @functools.wraps(test)
    def wrapper(touch):
        with ThreadPoolExecutor() as pool:
            pool.submit(test, touch).result()
    return wrapper

@in_a_thread
def test_in_a_thread(touch):
    assert touch

def test_or_it_fails(touch):
    touch or pytest.fail("no answer")

def test_after_it(touch, request):
    def after():
        assert touch
    request.addfinalizer(after)

def test_one_of_two(touch):
    if touch:
        check(touch)
    else:
        assert not touch

def check_rows(rows):
    for row in rows:
        assert row

def test_rows_in_a_helper(touch):
    check_rows([])
    check_rows([1])

def wait(touch):
    for _ in range(3):
        if touch:
            return
    raise TimeoutError("no answer")

def test_waiting_helper(touch):
    wait(touch)

def test_all(touch):
    assert all(
        row
        for row in [1, 2]
    )

def test_all_beside_another(touch):
    rows = []
    assert touch and all(rows)

def test_all_in_a_loop(touch):
    for rows in ([], [1]):
        assert all(rows)

def test_nothing_that_is_bad(touch):
    assert not any(row for row in [])

class TestUnit(unittest.TestCase):
    def test_all(self):
        self.assertTrue(all(row for row in [1]))
"""


LATER = """
import threading
from concurrent.futures import ThreadPoolExecutor

class Page:
    def on(self, name, call):
        self.call = call

def rows(numbers):
    for number in numbers:
        assert number
        yield number

def test_callback(touch):
    def on_dialog(dialog):
        assert dialog
    Page().on("dialog", on_dialog)

def test_callback_by_name(touch):
    Page().on("dialog", check)

def test_lambda(touch):
    Page().on("dialog", lambda dialog: check(dialog))

def test_comprehension(touch):
    [check(number) for number in []]

def test_map(touch):
    list(map(check, []))

def test_map_that_nobody_reads(touch):
    map(check, [1])

def test_pool(touch):
    with ThreadPoolExecutor() as pool:
        list(pool.map(check, []))

def test_generator(touch):
    numbers = rows([1])

@pytest.fixture
def holds():
    def holds_for(number):
        assert number
    return holds_for

def test_check_of_a_fixture(touch, holds):
    for number in []:
        holds(number)

def test_check_of_a_fixture_that_nobody_calls(touch, holds):
    pass

def test_inner_loop(touch):
    def each(numbers):
        for number in numbers:
            assert number
    each([])
"""
CALLED = """
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

class Page:
    def on(self, name, call):
        call(name)

def rows(numbers):
    for number in numbers:
        assert number
        yield number

def test_callback(touch):
    def on_dialog(dialog):
        assert dialog
    Page().on("dialog", on_dialog)

def test_callback_by_name(touch):
    Page().on("dialog", check)

def test_callback_that_must_not_be_called(touch):
    class Quiet:
        def on(self, name, call):
            pass
    Quiet().on("pageerror", lambda error: pytest.fail(str(error)))

def test_comprehension(touch):
    [check(number) for number in [1]]

def test_map(touch):
    assert list(map(check, [1])) == [None]

def test_pool(touch):
    with ThreadPoolExecutor() as pool:
        list(pool.map(check, [1]))

def test_thread(touch):
    def work():
        assert touch
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

def test_coroutine_in_a_thread(touch):
    async def work():
        check(touch)
    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, work()).result()

def test_coroutine(touch):
    async def work():
        assert touch
    asyncio.run(work())

def test_generator(touch):
    for number in rows([1]):
        pass

@pytest.fixture
def holds():
    def holds_for(number):
        assert number
    yield holds_for

def test_check_of_a_fixture(touch, holds):
    for number in [1]:
        holds(number)

@pytest.fixture
def held(holds):
    holds(1)

def test_check_of_a_fixture_that_another_calls(touch, held):
    pass

@pytest.fixture
def waited(touch):
    def holds():
        assert touch
    holds()
    return holds

def test_fixture_that_checks_before(touch, waited):
    pass

def test_inner(touch):
    def work():
        assert touch
    work()

@pytest.fixture(scope="module")
def background():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()

def test_loop_of_a_thread_that_ran_before(touch, background):
    async def work():
        assert touch
    asyncio.run_coroutine_threadsafe(work(), background).result()
"""


def test_a_test_that_returned_early_was_not_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + EARLY)
    assert shop.document("red", "last_pass.json") is None
    assert "4 of 4 tests that name red were not finished: " in output
    names = ("test_condition", "TestA::test_parameter[1]", "test_with", "test_finally")
    for line, name in zip((21, 28, 34, 40), names, strict=True):
        assert f"::{name} (it returned in line {line}, before its first check)" in output


def test_a_test_whose_checks_were_not_reached_was_not_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + LOOSE)
    assert shop.document("red", "last_pass.json") is None
    assert "10 of 10 tests that name red were not finished: " in output
    names = (
        *("test_loop", "test_condition", "test_handler", "test_rows[rows#0]"),
        *("test_rows_in_a_helper", "test_tree", "test_rows_of_an_object", "test_returning_helper"),
    )
    for line, name in zip((21, 25, 31, 36, 41, 52, 62, 71), names, strict=True):
        why = f"it reached none of its checks: that of line {line} stands in a loop or a condition"
        assert f"::{name} ({why})" in output


def test_a_fixture_whose_checks_were_not_reached_checks_nothing(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + LOOSE_FIXTURES)
    assert shop.document("red", "last_pass.json") is None
    assert "8 of 8 tests that name red were not finished: " in output
    why = "it reached none of its checks: that of line 26 stands in a loop or a condition"
    assert f"::test_loop ({why})" in output


def test_a_fixture_that_reached_a_check_has_checked(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + REACHED_FIXTURES)
    assert shop.document("red", "last_pass.json") is not None, output


def test_examples_of_hypothesis_of_which_none_reached_a_check(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + GENERATED)
    assert shop.document("red", "last_pass.json") is None
    assert "4 of 4 tests that name red were not finished: " in output
    assert "::test_all (it reached none of its checks: all() of line 47 had nothing" in output


def test_what_a_handler_caught_left_the_checks_out(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + LEFT)
    assert shop.document("red", "last_pass.json") is None
    assert "2 of 2 tests that name red were not finished: " in output


def test_a_test_that_its_decorator_left_out_was_not_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + LEFT_OUT)
    assert shop.document("red", "last_pass.json") is None
    assert "2 of 2 tests that name red were not finished: " in output
    for name in ("test_firm", "test_loop"):
        assert f"::{name} (its own code never ran: a hook or a decorator left it out)" in output


def test_all_of_nothing_was_not_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + NOTHING_TO_GO_THROUGH)
    assert shop.document("red", "last_pass.json") is None
    assert "4 of 4 tests that name red were not finished: " in output
    for line, name in ((20, "test_all"), (27, "TestUnit::test_all"), (30, "test_all_in_a_helper")):
        why = f"it reached none of its checks: all() of line {line} had nothing to go through"
        assert f"::{name} ({why})" in output


def test_a_test_that_reached_a_check_or_could_have_failed_is_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + REACHED)
    assert shop.document("red", "last_pass.json") is not None, output


def test_a_test_that_has_checked_may_return(shop: Shop) -> None:
    shop.output_of_suite(HEAD + CHECKED)
    assert shop.document("red", "last_pass.json") is not None


def test_checks_that_nothing_called_were_not_reached(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + LATER)
    assert shop.document("red", "last_pass.json") is None
    assert "11 of 11 tests that name red were not finished: " in output
    assert "::test_map (it reached none of its checks: nothing called check)" in output


def test_checks_that_something_called_were_reached(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + CALLED)
    assert shop.document("red", "last_pass.json") is not None, output
