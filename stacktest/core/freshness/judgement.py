"""The result of judging one service: the states that hold, with their reasons."""

from msgspec import Struct

from stacktest.core.freshness.states import State
from stacktest.core.records.documents import ForeignRun
from stacktest.core.records.status import StatusEntry


class Finding(Struct, frozen=True, kw_only=True):
    """One state that holds, and its reasons: `env`, `config:site/index.html`, `dependency:db`."""

    state: State
    reasons: tuple[str, ...] = ()


class Judgement(Struct, frozen=True, kw_only=True):
    """The states of one service that hold, worst first, and its entry in `status.json`."""

    service: str
    findings: tuple[Finding, ...]
    entry: StatusEntry
    foreign: ForeignRun | None = None
    """To be recorded: a fingerprint other than that of the pass runs now."""
    warnings: tuple[str, ...] = ()
    runs: bool = False
    """Whether it has a container now, independent of the enabled profiles."""

    @property
    def state(self) -> State:
        """The state that takes precedence."""
        return self.findings[0].state

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of that state."""
        return self.findings[0].reasons
