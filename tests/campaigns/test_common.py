"""What the campaigns share: the same seed gives the same numbers, and a fault decides the exit."""

import pytest

from campaigns.__main__ import names
from campaigns.common import SEED, Options, Report, main


@pytest.mark.parametrize(
    ("faults", "code", "last"),
    [
        ((), 0, f"x: 0 faults (seed {SEED})"),
        (("a door was open",), 1, f"x: 1 faults (seed {SEED})"),
    ],
)
def test_a_fault_decides_the_exit_code(
    capsys: pytest.CaptureFixture[str], faults: tuple[str, ...], code: int, last: str
) -> None:
    report = Report(columns=("what", "count"), rows=[("messages", 7), ("b", 12)], faults=faults)
    assert main("x", lambda _: report, []) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["what      count", "messages  7", "b         12"]
    assert lines[3:-1] == [f"FAULT  {fault}" for fault in faults]
    assert lines[-1] == last


def test_options_reach_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = []

    def run(options: Options) -> Report:
        numbers.append((options.short, options.random().random()))
        return Report(columns=("a",), rows=())

    for _ in range(2):
        main("x", run, ["--seed", "5", "--short"])
    main("x", run, [])
    assert numbers[0] == numbers[1] != numbers[2]
    assert [short for short, _ in numbers] == [True, True, False]
    assert "seed 5, short form" in capsys.readouterr().out


def test_helpers_are_not_campaigns() -> None:
    assert not {"common", "__init__", "__main__"} & set(names())
