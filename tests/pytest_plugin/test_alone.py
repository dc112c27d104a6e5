"""The marker `alone`: last, and by itself under pytest-xdist, too."""

import pytest

from tests.support.fake_stack import Shop

SUITE = """
import time
from pathlib import Path

pytestmark = pytest.mark.service("redis")
LOG = Path(__file__).parents[1] / "log"


def during(name, seconds):
    begin = time.monotonic()
    time.sleep(seconds)
    with LOG.open("a") as log:
        log.write(f"{name} {begin} {time.monotonic()}\\n")


@pytest.mark.alone
@pytest.mark.parametrize("number", range(2))
def test_alone(touch, number):
    touch("redis")
    during("alone", 0.3)
    assert touch


@pytest.mark.parametrize("number", range(8))
def test_beside_others(touch, number):
    touch("redis")
    during("other", 0.2)
    assert touch
"""


def spans(shop: Shop, *arguments: str) -> list[tuple[str, float, float]]:
    shop.story(services={"redis": {}}, running=["redis"])
    shop.suite("test_redis.py", SUITE)
    shop.run(*arguments).assert_outcomes(passed=10)
    assert shop.document("redis", "last_pass.json") is not None
    rows = [line.split() for line in (shop.path / "log").read_text().splitlines()]
    return sorted(
        ((name, float(begin), float(end)) for name, begin, end in rows), key=lambda row: row[1]
    )


@pytest.mark.processes
def test_in_one_process_it_goes_last(shop: Shop) -> None:
    assert [name for name, _, _ in spans(shop)] == ["other"] * 8 + ["alone"] * 2


@pytest.mark.processes
def test_with_workers_nothing_runs_beside_it(shop: Shop) -> None:
    rows = spans(shop, "-n", "2")
    overlaps = [
        (one, other)
        for one in rows
        for other in rows
        if one is not other and one[1] < other[2] and other[1] < one[2]
    ]
    assert not [pair for pair in overlaps if "alone" in (pair[0][0], pair[1][0])]
    # That the workers did run side by side, or this would prove nothing.
    assert overlaps


@pytest.mark.processes
def test_a_project_without_a_stack_keeps_its_order(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def lifecycle():
            return 1

        @pytest.mark.alone
        def test_first(): pass
        def test_second(lifecycle): pass
        def test_third(): pass
        """
    )
    ran = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider", "-p", "no:randomly")
    ran.stdout.fnmatch_lines(["*test_first *", "*test_second *", "*test_third *"])
