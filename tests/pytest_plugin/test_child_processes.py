"""A check that fails in another process fails no test, and earns nothing."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

HEAD = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.pool import ThreadPool

pytestmark = [pytest.mark.service("red"), pytest.mark.filterwarnings("default")]
FORK = multiprocessing.get_context("fork")

@pytest.fixture(autouse=True)
def reach(touch):
    touch("red")

def check(number):
    assert number != 2

def die():
    raise OSError("the connection was closed, as it should be")

def run(process):
    process.start()
    process.join()
    return process
"""
UNSEEN = """
def test_process():
    assert run(FORK.Process(target=check, args=(2,))).pid

def test_spawned_process():
    from tests_of_a_child import check
    spawn = multiprocessing.get_context("spawn")
    assert run(spawn.Process(target=check)).pid

class Checker(FORK.Process):
    def run(self):
        check(2)

def test_object():
    assert run(Checker()).pid

def test_result():
    with FORK.Pool(1) as pool:
        result = pool.apply_async(check, (2,))
        result.wait()
        assert result.ready()

def test_result_of_a_thread():
    with ThreadPool(1) as pool:
        result = pool.map_async(check, [1, 2])
        result.wait()
        assert result.ready()
"""
SEEN = """
def test_process():
    assert run(FORK.Process(target=check, args=(1,))).pid

def test_process_that_checks_nothing():
    assert run(FORK.Process(target=die)).pid

def test_exit_code():
    assert run(FORK.Process(target=check, args=(2,))).exitcode == 1

def test_process_alone():
    run(FORK.Process(target=check, args=(1,)))

def test_pool():
    with FORK.Pool(1) as pool:
        pool.map(check, [1, 3])

def test_executor():
    with ProcessPoolExecutor(1, mp_context=FORK) as pool:
        list(pool.map(check, [1, 3]))

def test_result():
    with FORK.Pool(1) as pool:
        with pytest.raises(AssertionError):
            pool.apply_async(check, (2,)).get()
        result = pool.apply_async(check, (2,))
        result.wait()
        assert not result.successful()

def test_server():
    server = FORK.Process(target=multiprocessing.Event().wait)
    server.start()
    assert server.is_alive()
    server.terminate()
    server.join()
"""


def run(shop: Shop, text: str) -> str:
    """What the run printed, in one line."""
    (shop.path / "tests_of_a_child.py").write_text("def check():\n    assert not check\n")
    settings = next(shop.path.glob("*.ini"))
    settings.write_text(settings.read_text() + "\npythonpath = .\n")
    return str(shop.output_of_suite(HEAD + text))


def test_a_test_whose_check_failed_in_another_process_was_not_finished(shop: Shop) -> None:
    output = run(shop, UNSEEN)
    assert shop.document("red", "last_pass.json") is None
    assert "5 of 5 tests that name red were not finished: " in output
    why = "a check failed where pytest does not see it: check in another process"
    assert f"::test_process ({why})" in output


def test_a_failure_that_the_test_saw_is_its_own_business(shop: Shop) -> None:
    output = run(shop, SEEN)
    assert shop.document("red", "last_pass.json") is not None, output
