"""A time has grown where it is clearly longer than what is usual, and not before that is known."""

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.records.documents import HistoryLine
from stacktest.core.runs.growth import growths
from tests.core.runs.test_history import runs


def history(*boots: int | None, **moves: int) -> list[HistoryLine]:
    """Runs with these boot times; the newest made `moves`, which took 2 s each time before."""
    lines = runs("a. " * len(boots))
    return [
        replace(
            line,
            boot_ms=boot,
            move_ms=moves if line is lines[-1] else dict.fromkeys(moves, 2000),
        )
        for line, boot in zip(lines, boots, strict=True)
    ]


@pytest.mark.parametrize(
    ("boots", "grown"),
    [
        ((4000, 4000, 4000, 12_000), [(12.0, 4.0)]),
        ((4000, 4000, 12_000), []),
        ((4000, None, 4000, 4000, 12_000, None), [(12.0, 4.0)]),
        ((4000, 4000, 4000, 6000), []),
        ((400, 400, 400, 1300), []),
        ((400, 400, 400, 1401), [(1.401, 0.4)]),
        ((40_000, 40_000, 40_000, 41_500), []),
        ((12_000, 4000, 4000, 4000), []),
        ((), []),
    ],
)
def test_a_start_has_grown(boots: tuple[int | None, ...], grown: list[tuple[float, float]]) -> None:
    told = growths(reversed(history(*boots)))
    assert [(growth.seconds, growth.usual) for growth in told] == grown


def test_each_kind_of_move_is_compared_with_its_own_past() -> None:
    lines = history(1000, 1000, 1000, 1000, crash=9100, stop=2100)
    assert [growth.phrase for growth in growths(lines)] == [
        "coming back after a crash takes 9.1 s, usually 2.0 s"
    ]
