"""Who runs the services is known where the adapters are, and where they are made: not in the core."""

import re
from pathlib import Path

import stacktest

PACKAGE = Path(stacktest.__file__).parent
WORD = re.compile(r"swarm", re.IGNORECASE)
FREE = ("core", "reports", "init", "pytest_plugin", "cli")
"""Rooms that must not know the word."""


def places(room: str) -> list[str]:
    return [
        str(path.relative_to(PACKAGE))
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if WORD.search(path.read_text(encoding="utf-8"))
    ]


def test_only_adapters_and_who_makes_them_know_a_swarm() -> None:
    assert {room: places(room) for room in FREE} == {room: [] for room in FREE}


def test_the_use_cases_know_it_only_to_examine_it() -> None:
    assert places("application") == ["application/doctor.py", "application/doctor_swarm.py"]


def test_the_word_would_be_noticed() -> None:
    assert places("adapters/engine/swarm")
