"""Finds the changes to notify people of: services that work again, or no longer, since last time.

A service is functional or not; a change from one stale state to another is not reported. A service
without an earlier notification counts as not functional, so the first message lists all services
that work. A stack that does not come up is one message, not one per service: the reported status of
services that could not be tested stays unchanged. The same holds for a run that could not begin,
until a run has begun: `stacktest status` between runs does not end that trouble.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from msgspec import Struct, field

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.records.status import StatusEntry
from stacktest.core.records.strict_json import Fields, check_schema

KNOWN = "stacktest.known/1"
NOT_BEGUN = "the run could not begin: "
"""The beginning of a trouble that is not caused by the stack."""


class ReportedStatus(Struct, frozen=True, kw_only=True):
    """The state that the last notification described."""

    functional: frozenset[str] = frozenset()
    trouble: str = ""
    """Why the stack did not come up, or the run did not begin; empty when it did."""

    def to_dict(self) -> dict[str, Json]:
        """The document."""
        functional: list[Json] = [*sorted(self.functional)]
        return {"schema": KNOWN, "functional": functional, "trouble": self.trouble}

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, KNOWN)
        f = Fields(document, "$", ("schema", "functional", "trouble"))
        return cls(functional=frozenset(f.texts("functional")), trouble=f.text("trouble"))


class CurrentStatus(Struct, frozen=True, kw_only=True):
    """The status at the end of a run, or when the stack was looked at without a run."""

    stack: str
    at: datetime
    services: Mapping[str, StatusEntry] = field(default_factory=dict)
    gate_open: bool = False
    trouble: str = ""
    """Why no service could be tested in the last run that tried; empty: services were tested."""
    not_up: frozenset[str] = frozenset()
    """The services that could not be tested in that run: the trouble reports them."""
    is_run: bool = True
    """False: the stack was only looked at, without collecting tests to run."""

    @property
    def well(self) -> bool:
        """Whether monitors see the stack as healthy: it came up, and the gate is open."""
        return self.gate_open and not self.trouble


class Change(Struct, frozen=True, kw_only=True):
    """A service that works again, or no longer."""

    service: str
    functional: bool
    state: State | None
    reasons: tuple[str, ...] = ()


class News(Struct, frozen=True, kw_only=True):
    """One notification: all changes, worst first."""

    now: CurrentStatus
    changes: tuple[Change, ...] = ()
    trouble_began: bool = False
    trouble_ended: bool = False
    is_about_run: bool = False
    """Whether the trouble is that of a run that could not begin."""

    def __bool__(self) -> bool:
        """Whether there is anything to notify of."""
        return bool(self.changes) or self.trouble_began or self.trouble_ended


def news(before: ReportedStatus, now: CurrentStatus) -> News:
    """What changed since `before`; broken services first, then by name."""
    now = _with_standing_trouble(before, now)
    changes = [
        Change(
            service=name,
            functional=entry.functional,
            state=entry.state,
            reasons=() if entry.functional else entry.reasons,
        )
        for name, entry in now.services.items()
        if name not in now.not_up and entry.functional != (name in before.functional)
    ]
    changes.sort(
        key=lambda change: (
            change.functional,
            change.state.rank if change.state else 0,
            change.service,
        )
    )
    return News(
        now=now,
        changes=tuple(changes),
        trouble_began=bool(now.trouble) and not before.trouble,
        trouble_ended=bool(before.trouble) and not now.trouble,
        is_about_run=(now.trouble or before.trouble).startswith(NOT_BEGUN),
    )


def known(before: ReportedStatus, now: CurrentStatus) -> ReportedStatus:
    """The reported status after a notification of `now`."""
    now = _with_standing_trouble(before, now)
    if not now.services:
        return ReportedStatus(functional=before.functional, trouble=now.trouble)
    unjudged = before.functional & now.not_up
    return ReportedStatus(
        functional=functional(now.services) - now.not_up | unjudged, trouble=now.trouble
    )


def functional(services: Mapping[str, StatusEntry]) -> frozenset[str]:
    """The functional services."""
    return frozenset(name for name, entry in services.items() if entry.functional)


# Private


def _with_standing_trouble(before: ReportedStatus, now: CurrentStatus) -> CurrentStatus:
    """Keeps the trouble of a run that could not begin until another run begins."""
    stands = not now.is_run and not now.trouble and before.trouble.startswith(NOT_BEGUN)
    return replace(now, trouble=before.trouble) if stands else now
