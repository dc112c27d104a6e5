"""What a fault says follows from its few lines: checks, files, services, and which checks are left."""

from typing import Any

import pytest

from tests.faults.__main__ import _blind
from tests.faults.model import Edit, Fault, Inside, Pin, Recreate, expected, matches

CHECKS = frozenset(
    {
        "suites/phase4_x/test_redis.py::test_it_answers[redis]",
        "suites/phase4_x/test_redis.py::test_it_answers[outline-redis]",
        "suites/phase4_x/test_redis.py::test_it_writes",
        "suites/phase4_x/test_redis_more.py::test_it_answers[redis]",
    }
)


def fault(*red: str, **more: Any | str | tuple[str, ...]) -> Fault:
    return Fault(
        **({"name": "x", "service": "redis", "phase": "phase4", "seed": (), "red": red} | more)
    )


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("test_redis::*", 3),
        ("test_redis::test_it_answers", 2),
        ("test_redis::test_it_answers[redis]", 1),
        ("test_redis::test_it_answers[other]", 0),
        ("test_redis::test_it_ans", 0),
        ("redis::*", 0),
    ],
)
def test_a_pattern_covers(pattern: str, covered: int) -> None:
    assert sum(matches(pattern, check) for check in CHECKS) == covered


def test_what_is_excepted_stays_green() -> None:
    wanted = expected(fault("test_redis::*", but=("test_redis::test_it_answers[redis]",)), CHECKS)
    assert wanted == {
        "suites/phase4_x/test_redis.py::test_it_answers[outline-redis]",
        "suites/phase4_x/test_redis.py::test_it_writes",
    }


@pytest.mark.parametrize("where", ["red", "but"])
def test_a_pattern_that_covers_nothing_is_a_mistake(where: str) -> None:
    wrong = fault(**{"red": ("test_redis::*",), where: ("test_redis::test_nothing",)})
    with pytest.raises(ValueError, match="'x' names 'test_redis::test_nothing'"):
        expected(wrong, CHECKS)


def test_what_was_reached_into_is_made_anew() -> None:
    seed = (Edit("a", "b", "c"), Inside("caddy", "true"), Recreate("ldap", "caddy"), Pin("redis"))
    assert fault(seed=seed, more=("loki",)).touched == ("loki", "caddy", "ldap", "redis")


def test_the_files_of_a_fault_are_named_once() -> None:
    assert fault("test_a::x", "test_b::y", "test_a::z", watch=("test_c", "test_b")).files == (
        "test_a",
        "test_b",
        "test_c",
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("it sleeps", "redis: it sleeps"),
        ("redis: it sleeps", "redis: it sleeps"),
        ("hardening: it is root", "hardening: it is root"),
    ],
)
def test_a_title_names_its_service_once(name: str, title: str) -> None:
    assert fault(name=name).title == title


def test_a_fault_that_was_missed_proves_no_check() -> None:
    proofs = {"a": frozenset({"1", "2"}), "b": frozenset({"2", "3"})}
    checks = frozenset({"1", "2", "3", "4"})
    assert _blind(checks, proofs, missed=set()) == {"4"}
    assert _blind(checks, proofs, missed={"a"}) == {"1", "4"}
