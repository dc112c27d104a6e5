"""A check that fails where pytest does not see it fails no test, and earns nothing."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

HEAD = """
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

pytestmark = [pytest.mark.service("red"), pytest.mark.filterwarnings("default")]

@pytest.fixture(autouse=True)
def reach(touch):
    touch("red")

def check(number):
    assert number != 2

def run(thread):
    thread.start()
    thread.join()
"""
UNSEEN = """
def test_thread():
    run(threading.Thread(target=check, args=(2,)))

def test_timer():
    run(threading.Timer(0.01, check, [2]))

def test_pool_map():
    with ThreadPoolExecutor() as pool:
        pool.map(check, [1, 2])

def test_pool_futures():
    with ThreadPoolExecutor() as pool:
        wait([pool.submit(check, number) for number in (1, 2)])

def test_pool_completed():
    with ThreadPoolExecutor() as pool:
        for future in as_completed([pool.submit(check, 2)]):
            assert future.done()

def test_pool_callback():
    with ThreadPoolExecutor() as pool:
        pool.submit(int).add_done_callback(lambda _: check(2))

def test_task():
    async def work():
        assert not threading.enumerate()
    async def main():
        task = asyncio.create_task(work())
        await asyncio.wait([task])
    asyncio.run(main())

def test_executor_of_a_loop():
    async def main():
        await asyncio.wait([asyncio.get_running_loop().run_in_executor(None, check, 2)])
    asyncio.run(main())

def test_callback_of_a_loop():
    async def main():
        asyncio.get_running_loop().call_soon(check, 2)
        await asyncio.sleep(0.01)
    asyncio.run(main())
"""
SEEN = """
def test_thread():
    numbers = []
    run(threading.Thread(target=numbers.append, args=(1,)))
    assert numbers == [1]

def die():
    raise OSError("the connection was closed, as it should be")

def test_thread_that_checks_nothing(touch):
    run(threading.Thread(target=die))
    assert touch

def test_pool():
    with ThreadPoolExecutor() as pool:
        list(pool.map(check, [1, 3]))
        for future in as_completed([pool.submit(check, 1)]):
            future.result()

def test_expected_failure():
    with ThreadPoolExecutor() as pool:
        future = pool.submit(check, 2)
        with pytest.raises(AssertionError):
            future.result()
        assert isinstance(pool.submit(check, 2).exception(), AssertionError)

def test_tasks():
    async def work(number):
        assert number != 2
        return number
    async def main():
        return await asyncio.gather(work(1), work(2), return_exceptions=True)
    number, error = asyncio.run(main())
    assert number == 1 and isinstance(error, AssertionError)

def test_repeated_until_it_passes():
    numbers = []
    def eventually():
        for _ in range(3):
            try:
                numbers.append(1)
                assert len(numbers) > 1
                return True
            except AssertionError:
                pass
    with ThreadPoolExecutor() as pool:
        assert pool.submit(eventually).result()
"""
DROPPED = """
def checked(rows):
    for row in rows:
        assert row == 1
        yield row

def test_generator():
    checked([2])
"""


def test_a_test_whose_check_failed_unseen_was_not_finished(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + UNSEEN)
    assert shop.document("red", "last_pass.json") is None
    assert "9 of 9 tests that name red were not finished: " in output
    why = "a check failed where pytest does not see it: check in line 16"
    assert f"::test_thread ({why})" in output


def test_a_failure_that_the_test_saw_is_its_own_business(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + SEEN)
    assert shop.document("red", "last_pass.json") is not None, output


def test_a_generator_that_nobody_runs_checks_nothing(shop: Shop) -> None:
    output = shop.output_of_suite(HEAD + DROPPED)
    assert shop.document("red", "last_pass.json") is None
    assert "asserts nothing" in output
