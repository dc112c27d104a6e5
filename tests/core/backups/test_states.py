"""A backup's state follows from its declaration, its last drill, and the time: nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from stacktest.core.backups.backup import Backup
from stacktest.core.backups.states import BackupState, judge_backup
from stacktest.core.changed_copy import replace
from stacktest.core.records.drill import Drill
from stacktest.core.unknown import Unknown

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BACKUP = Backup(path="backups/db", kind="pg_dump", max_age=7 * 86400)
DRILL = Drill(
    service="db",
    run="r1",
    started=NOW - timedelta(hours=2),
    finished=NOW - timedelta(hours=1),
    result="restorable",
    made=NOW - timedelta(days=1),
    restore_ms=1200,
    declared=BACKUP.digest,
)
ROTTEN = replace(DRILL, result="rotten", step="test", tests=("t.py::a", "t.py::b"))


@pytest.mark.parametrize(
    ("drill", "state", "why"),
    [
        pytest.param(None, "never_drilled", "it was never restored", id="no record"),
        pytest.param(
            Unknown("last_drill.json is empty"),
            "never_drilled",
            "its record cannot be read: last_drill.json is empty",
            id="damaged record",
        ),
        pytest.param(DRILL, "restorable", "", id="proved"),
        pytest.param(
            replace(DRILL, made=NOW - timedelta(days=7)), "restorable", "", id="just young enough"
        ),
        pytest.param(
            replace(DRILL, made=NOW - timedelta(days=7, seconds=1)),
            "expired",
            "the backup that was restored is of 2026-11-13 11:59",
            id="too old",
        ),
        pytest.param(
            replace(DRILL, made=None, started=NOW - timedelta(days=8)),
            "expired",
            "the backup that was restored is of 2026-11-12 12:00",
            id="without a time of its own it is as old as the drill",
        ),
        pytest.param(ROTTEN, "rotten", "test:t.py::a and 1 more", id="a test failed"),
        pytest.param(
            replace(ROTTEN, step="restore", tests=()),
            "rotten",
            "it cannot be restored",
            id="not restored",
        ),
        pytest.param(
            replace(ROTTEN, made=NOW - timedelta(days=99)),
            "rotten",
            "test:t.py::a and 1 more",
            id="rotten stays rotten however old",
        ),
        pytest.param(
            replace(DRILL, service="other"),
            "never_drilled",
            "its record is about 'other'",
            id="record of another service",
        ),
        pytest.param(
            replace(DRILL, declared="0" * 16),
            "never_drilled",
            "its declaration has changed since it was restored",
            id="another declaration",
        ),
        pytest.param(
            replace(ROTTEN, declared="0" * 16),
            "never_drilled",
            "its declaration has changed since it was restored",
            id="rotten under another declaration",
        ),
        pytest.param(
            replace(DRILL, finished=NOW + timedelta(hours=1)),
            "never_drilled",
            "its record is dated in the future",
            id="from the future",
        ),
    ],
)
def test_the_state_and_its_reason(drill: Drill | Unknown | None, state: str, why: str) -> None:
    judgement = judge_backup("db", BACKUP, drill, NOW)
    assert (judgement.state.value, judgement.why) == (state, why)
    assert judgement.command == "stacktest drill db"


def test_a_longer_age_needs_no_new_drill() -> None:
    longer = replace(BACKUP, max_age=90 * 86400)
    drill = replace(DRILL, made=NOW - timedelta(days=30))
    assert judge_backup("db", BACKUP, drill, NOW).state is BackupState.EXPIRED
    assert judge_backup("db", longer, drill, NOW).state is BackupState.RESTORABLE
