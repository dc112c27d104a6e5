"""The macros of documentation sites refuse what they cannot stand for."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from stacktest import docs_macros
from stacktest.errors import EvidenceError, UsageError
from stacktest.reports.export.docs_data import docs_data
from stacktest.reports.report_data import Board


@pytest.fixture
def data(board: Board) -> Mapping[str, Any]:
    return docs_macros.checked(docs_data(board)["stacktest"])


@pytest.mark.parametrize("broken", [None, {}, [], {"schema": "stacktest.docs/2"}])
def test_missing_or_foreign_data_fails_the_build(broken: dict[str, str] | list[Any] | None) -> None:
    with pytest.raises(EvidenceError):
        docs_macros.checked(broken)


def test_data_without_services_fails_the_build(board: Board) -> None:
    empty = docs_data(board)["stacktest"] | {"services": {}}
    with pytest.raises(EvidenceError, match="names no service"):
        docs_macros.checked(empty)


def test_a_badge_of_nobody_fails_the_build(data: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError, match="no service 'nobody'"):
        docs_macros.badge(data, "nobody")


def test_the_table_has_a_line_per_service(data: Mapping[str, Any]) -> None:
    lines = docs_macros.table(data).splitlines()
    assert len(lines) == 2 + len(data["services"])
    assert "| mariadb | ✓ functional | 2026-10-21 10:00 UTC |  |" in lines


def test_old_data_says_so(data: Mapping[str, Any]) -> None:
    judged = dt.datetime(2026, 11, 20, 9, 15, tzinfo=dt.UTC)
    assert docs_macros.age(data, judged) == "Judged 2026-11-20 09:15 UTC."
    assert "That was 2 days ago" in docs_macros.age(data, judged + dt.timedelta(days=2))
