"""Rehearsals, updates and drills as rows of the page, one table for all of their ends."""

import datetime as dt

import pytest

from stacktest.core.operations import Operations, UnreadableRecord
from stacktest.core.records.rehearsal import Rehearsed
from stacktest.reports.page.operations import NEWEST, OperationRow, operation_rows
from tests.support.board import NOW, drill, journal, rehearsal

PASSED = Rehearsed(result="passed")
LOOK = (("See what it had saved", "docker ps --all --filter label=stacktest.update"),)
FINISH = (
    ("Finish it", "stacktest update --continue"),
    ("or put everything back", "stacktest update --undo"),
)


def row_of(operations: Operations) -> OperationRow:
    (row,) = operation_rows(operations)
    return row


@pytest.mark.parametrize(
    ("operations", "words", "note"),
    [
        (
            Operations(rehearsals=(rehearsal(1, app=PASSED),)),
            "good rehearsal passed app",
            "",
        ),
        (
            Operations(
                rehearsals=(rehearsal(1, app=PASSED, db=Rehearsed(result="left_out", why="…")),)
            ),
            "good rehearsal passed app",
            "",
        ),
        (
            Operations(
                rehearsals=(
                    rehearsal(
                        1,
                        app=Rehearsed(result="failed", why="t.py::test_a[secret x] failed: 'why'"),
                        db=Rehearsed(result="not_proved"),
                    ),
                )
            ),
            "bad rehearsal did not pass app db",
            "app: t.py::test_a[…] failed; db: not proved",
        ),
        (
            Operations(updates=(journal(1, "kept", "app", stood_ms=3100),)),
            "good update kept app",
            "all tests passed; it was down for 3.1 s",
        ),
        (
            Operations(updates=(journal(1, "kept", "app", kept_until=NOW + dt.timedelta(days=7)),)),
            "good update kept app",
            "all tests passed; it was down for 0.0 s; what ran before is kept until 2026-11-27 10:00 UTC",
        ),
        (
            Operations(
                updates=(
                    journal(1, "put_back", "app", "db", stood_ms=6200, why="t.py::test_a failed"),
                )
            ),
            "stale update put back app db",
            "in 6.2 s: t.py::test_a failed",
        ),
        (
            Operations(updates=(journal(1, "put_back", "app", stood_ms=12000, works=False),)),
            "bad update put back app",
            "in 12.0 s: asked for; the tests fail on what was put back, too",
        ),
        (
            Operations(updates=(journal(1, "given_up", "app", why="the disk is full"),)),
            "blank update nothing replaced app",
            "nothing was replaced: the disk is full",
        ),
        (
            Operations(open_update=journal(1, "testing", "app")),
            "bad update open app",
            "since 2026-11-20 09:00 UTC, at the step 'testing'",
        ),
        (
            Operations(drills=(drill(1, "db", made=NOW - dt.timedelta(hours=7)),)),
            "good drill restorable db",
            "the backup of 2026-11-20 03:00 UTC was restored in 1.2 s",
        ),
        (
            Operations(drills=(drill(1, "db", result="rotten", step="restore"),)),
            "bad drill rotten db",
            "it cannot be restored",
        ),
        (
            Operations(
                drills=(drill(1, "db", result="rotten", step="test", tests=("t.py::a", "t.py::b")),)
            ),
            "bad drill rotten db",
            "t.py::a and 1 more failed",
        ),
        (
            Operations(
                unreadable=(UnreadableRecord(kind="drill", path="data/x.json", why="it is empty"),)
            ),
            "bad drill cannot be read",
            "data/x.json: it is empty",
        ),
    ],
)
def test_what_a_row_says(operations: Operations, words: str, note: str) -> None:
    row = row_of(operations)
    assert " ".join((row.tone, row.kind, row.word, *row.services)) == words
    assert row.note == note
    assert row.commands == (FINISH if row.word == "open" else ())


def test_nothing_was_done_gives_no_row() -> None:
    assert operation_rows(Operations()) == ()


def test_the_copy_of_a_drill_is_no_rehearsal_of_its_own() -> None:
    copy = rehearsal(1, drilled=("db",), db=PASSED)
    assert row_of(Operations(rehearsals=(copy,), drills=(drill(1, "db"),))).kind == "drill"


def test_an_update_that_is_undone_is_open_and_not_kept_as_well() -> None:
    undone = Operations(
        updates=(journal(1, "kept", "app"),), open_update=journal(1, "putting_back", "app")
    )
    assert row_of(undone).word == "open"


def test_an_open_journal_that_cannot_be_read_says_how_to_look() -> None:
    damaged = UnreadableRecord(kind="update", path="u.json", why="it is empty", is_open=True)
    assert row_of(Operations(unreadable=(damaged,))).commands == LOOK


def test_open_comes_first_then_the_newest_then_what_cannot_be_read() -> None:
    rows = operation_rows(
        Operations(
            rehearsals=(rehearsal(4, app=PASSED), rehearsal(2, db=PASSED)),
            updates=(journal(3, "kept", "app"),),
            open_update=journal(9, "saving", "app"),
            drills=(drill(1, "db"),),
            unreadable=(UnreadableRecord(kind="rehearsal", path="r.json", why="it is empty"),),
        )
    )
    words = [row.word for row in rows]
    assert words == ["open", "restorable", "passed", "kept", "passed", "cannot be read"]
    assert [row.services[0] for row in rows[1:5]] == ["db", "db", "app", "app"]


def test_as_many_as_the_page_has_room_for() -> None:
    many = Operations(rehearsals=tuple(rehearsal(hours, app=PASSED) for hours in range(40)))
    rows = operation_rows(many)
    assert [row.when for row in rows] == [NOW - dt.timedelta(hours=n) for n in range(NEWEST)]
    names = dict.fromkeys("abcdefg", Rehearsed(result="failed", why="x" * 40))
    row = row_of(Operations(rehearsals=(rehearsal(1, drilled=(), **names),)))
    assert (row.services, row.more_services) == (("a", "b", "c", "d"), 3)
    assert row.note.endswith("; and 3 more")
    long = Operations(updates=(journal(1, "put_back", "app", why="why " * 400),))
    assert len(row_of(long).note) <= 240
