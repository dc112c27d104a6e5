"""The state of a service's backup: the result of its last drill, and whether it is still valid.

| state         | meaning                                                      | closes a gate as |
|---------------|--------------------------------------------------------------|------------------|
| rotten        | it could not be restored, or a test failed afterwards        | failed           |
| never_drilled | nothing was proved of the backup as it is declared now       | no evidence      |
| expired       | what was proved is older than `max_age`                      | too old          |
| restorable    | it was restored, and every test of the service passed        |                  |
"""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from stacktest.core import timestamps
from stacktest.core.backups.backup import Backup
from stacktest.core.freshness.states import State
from stacktest.core.records.drill import Drill
from stacktest.core.unknown import Unknown


class BackupState(Enum):
    """The states of a backup, declared worst first."""

    ROTTEN = "rotten"
    NEVER_DRILLED = "never_drilled"
    EXPIRED = "expired"
    RESTORABLE = "restorable"

    @property
    def rank(self) -> int:
        """Place in the order of precedence, after every state of a service."""
        return len(State) + list(BackupState).index(self)


class BackupJudgement(Struct, frozen=True, kw_only=True):
    """The state of one service's backup, and the drill that it is based on."""

    service: str
    state: BackupState
    why: str = ""
    """The reason for the state; empty when it is restorable."""
    drill: Drill | None = None
    """The last drill, if there is one with a readable record."""

    @property
    def command(self) -> str:
        """The command that drills the backup."""
        return f"stacktest drill {shlex.quote(self.service)}"


def judge_backup(
    service: str, backup: Backup, drill: Drill | Unknown | None, now: datetime
) -> BackupJudgement:
    """The state of a backup by its declaration, its last drill, and the time."""
    state, why = _state(service, backup, drill, now)
    known = drill if isinstance(drill, Drill) else None
    return BackupJudgement(service=service, state=state, why=why, drill=known)


# Private


def _state(
    service: str, backup: Backup, drill: Drill | Unknown | None, now: datetime
) -> tuple[BackupState, str]:
    if drill is None:
        return BackupState.NEVER_DRILLED, "it was never restored"
    if isinstance(drill, Unknown):
        return BackupState.NEVER_DRILLED, f"its record cannot be read: {drill.why}"
    if why := next(_counts_for_nothing(service, backup, drill, now), ""):
        return BackupState.NEVER_DRILLED, why
    if drill.result == "rotten":
        return BackupState.ROTTEN, drill.evidence
    made = drill.made or drill.started
    if now - made > timedelta(seconds=backup.max_age):
        return BackupState.EXPIRED, f"the backup that was restored is of {made:%Y-%m-%d %H:%M}"
    return BackupState.RESTORABLE, ""


def _counts_for_nothing(service: str, backup: Backup, drill: Drill, now: datetime) -> Iterator[str]:
    """Reasons why a drill's record does not apply to this backup."""
    if drill.service != service:
        yield f"its record is about {drill.service!r}"
    if drill.declared != backup.digest:
        yield "its declaration has changed since it was restored"
    if timestamps.in_future(drill.finished, now):
        yield "its record is dated in the future"
