"""The result of a rehearsal: one verdict per service of the copy. No pass is credited."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal, Self

from msgspec import Struct

from stacktest.core import timestamps
from stacktest.core.json_data import Json
from stacktest.core.records.plain import PlainRecord
from stacktest.core.records.strict_json import Fields, RecordError, check_schema

REHEARSAL = "stacktest.rehearsal/1"

Result = Literal["passed", "failed", "not_proved", "left_out"]


class Rehearsed(PlainRecord, frozen=True, kw_only=True):
    """The result of one service of a copy."""

    result: Result
    image: str = ""
    """Id of the image that it ran with."""
    why: str = ""
    """The reason for the result; empty when it passed."""


class Rehearsal(Struct, frozen=True, kw_only=True):
    """One rehearsal, from the copying of data to its last test."""

    id: str
    run: str
    started: datetime
    finished: datetime
    data: str
    """`copy` or `empty`."""
    copied_bytes: int
    paused_seconds: float
    """How long containers of the running stack were paused."""
    services: Mapping[str, Rehearsed]
    drilled: tuple[str, ...] = ()
    """Services whose backup was drilled; the results are in their `last_drill.json`."""

    @property
    def passed(self) -> bool:
        """Whether every service of the copy that was tested passed, and at least one was."""
        results = {service.result for service in self.services.values()}
        return "passed" in results and not results & {"failed", "not_proved"}

    def to_dict(self) -> dict[str, Json]:
        """The document `rehearsal.json`."""
        return {
            "schema": REHEARSAL,
            "id": self.id,
            "run": self.run,
            "started": timestamps.to_text(self.started),
            "finished": timestamps.to_text(self.finished),
            "data": self.data,
            "copied_bytes": self.copied_bytes,
            "paused_ms": round(self.paused_seconds * 1000),
            "passed": self.passed,
            "services": {name: item.to_dict() for name, item in sorted(self.services.items())},
            "drilled": list(self.drilled),
        }

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, REHEARSAL)
        f = Fields(document, "$", _KEYS, later=("drilled",))
        services = f.objects("services")
        rehearsal = cls(
            id=f.text("id"),
            run=f.text("run"),
            started=f.moment("started"),
            finished=f.moment("finished"),
            data=f.text("data", among=("copy", "empty")),
            copied_bytes=f.number("copied_bytes"),
            paused_seconds=f.number("paused_ms") / 1000,
            services={name: Rehearsed.from_dict(*item) for name, item in services.items()},
            drilled=() if f.raw("drilled")[0] is None else f.texts("drilled"),
        )
        if f.flag("passed") is not rehearsal.passed:
            raise RecordError("$.passed is not what $.services says")
        return rehearsal


def failed_rehearsal(
    rehearsals: Iterable[Rehearsal], service: str, dependants: Collection[str]
) -> Rehearsal | None:
    """The newest rehearsal of a service, if it or one of its dependants did not pass; else None.

    Drills of backups are left out: they do not rehearse the present files.
    """
    own = [
        item
        for item in rehearsals
        if service in item.services
        and item.services[service].result != "left_out"
        and not item.drilled
    ]
    newest = max(own, key=lambda item: item.started, default=None)
    results = newest.services if newest else {}
    names = {service, *dependants} & results.keys()
    is_failed = any(results[name].result in ("failed", "not_proved") for name in names)
    return newest if is_failed else None


# Private

_KEYS = (
    "schema",
    "id",
    "run",
    "started",
    "finished",
    "data",
    "copied_bytes",
    "paused_ms",
    "passed",
    "services",
)
