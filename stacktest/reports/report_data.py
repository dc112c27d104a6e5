"""The data of all reports, collected once from the records."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from msgspec import Struct, field

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.gate import Gate
from stacktest.core.freshness.states import State
from stacktest.core.model import Stack
from stacktest.core.operations import Operations
from stacktest.core.records.common import Run
from stacktest.core.records.documents import HistoryLine, LastPass, LastRun
from stacktest.core.records.status import StatusEntry, StatusMeta
from stacktest.core.records.timeline import Timeline
from stacktest.core.redaction import clean_and_visible
from stacktest.core.route import Listener, Route
from stacktest.core.secrets import secrets_of
from stacktest.reports.wording import state_of

HTTPS, HTTP = 443, 80


class Board(Struct, frozen=True, kw_only=True):
    """The records of one stack at the time `now`."""

    stack: Stack
    status: Mapping[str, StatusEntry]
    meta: StatusMeta
    now: datetime
    passes: Mapping[str, LastPass] = field(default_factory=dict)
    runs: Mapping[str, LastRun] = field(default_factory=dict)
    histories: Mapping[str, Sequence[HistoryLine]] = field(default_factory=dict)
    """Service → its runs, oldest first."""
    timeline: Timeline | None = None
    """The last run that started the stack, if this machine has its timeline."""
    gate: Gate | None = None
    """The gate's decision, if the report needs it."""
    operations: Operations = field(default_factory=Operations)
    """Rehearsals, updates and drills, as far as this machine has their records."""

    @property
    def latest_run(self) -> Run | None:
        """The newest run in the records."""
        runs = [record.run for record in self.runs.values()]
        runs += [record.run for record in self.passes.values()]
        return max(runs, key=lambda run: run.seq, default=None)

    @property
    def states(self) -> Mapping[str, State]:
        """The state of each service, worst first."""
        states = {name: state_of(entry) for name, entry in self.status.items()}
        return dict(sorted(states.items(), key=lambda item: (item[1].rank, item[0])))

    def without_secrets(self) -> Self:
        """The same board without secrets of the compose model and without control characters."""
        secrets = secrets_of(self.stack)
        records = (
            "status",
            "meta",
            "passes",
            "runs",
            "histories",
            "timeline",
            "gate",
            "operations",
        )
        cleaned = clean_and_visible({name: getattr(self, name) for name in records}, secrets)
        return replace(self, **cleaned)

    def phase_of(self, nodeid: str) -> str:
        """The phase that a test's folder is named after, or empty."""
        names = sorted((phase.name for phase in self.stack.phases), key=len, reverse=True)
        for part in reversed(nodeid.partition("::")[0].split("/")[:-1]):
            for name in names:
                if part == name or part.startswith(f"{name}_"):
                    return name
        return ""

    def address(self, route: Route) -> str:
        """The URL of a route in a browser: `https://grafana.stack.local:8443/`.

        It is `http://` only if every published listener of the route is without TLS.
        """
        door = self.stack.services.get(self.stack.front_door)
        published = {p.target: p.published for p in (door.ports if door else ()) if p.published}
        reachable = [listener for listener in route.listeners if listener.port in published]
        best = min(
            reachable, key=lambda listener: not listener.tls, default=Listener(port=HTTPS, tls=True)
        )
        scheme, usual = ("https", HTTPS) if best.tls else ("http", HTTP)
        port = published.get(best.port, usual)
        return f"{scheme}://{route.host}{'' if port == usual else f':{port}'}/"
