"""When services came up and tests ran within one run: the data of the page's timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from msgspec import Struct

from stacktest.core import timestamps
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.records.strict_json import Fields, check_schema
from stacktest.core.runs.bare_text import bare_name

TIMELINE = "stacktest.timeline/1"


class Span(Struct, frozen=True, kw_only=True):
    """The time span of a service's start or of a test."""

    name: str
    """A service, or the node id of a test."""
    offset: float
    """Seconds after the run began."""
    seconds: float
    word: str
    """The result: `healthy`, `already running`, `passed`, `failed` …"""

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {
            "name": self.name,
            "offset_ms": round(self.offset * 1000),
            "ms": round(self.seconds * 1000),
            "word": self.word,
        }

    @classmethod
    def from_dict(cls, value: Json, path: str) -> Self:
        """The reverse of `to_dict`, to the millisecond."""
        f = Fields(value, path, ("name", "offset_ms", "ms", "word"))
        return cls(
            name=f.text("name"),
            offset=f.number("offset_ms") / 1000,
            seconds=f.number("ms") / 1000,
            word=f.text("word"),
        )


class Timeline(Struct, frozen=True, kw_only=True):
    """One run, from its beginning to its end."""

    run: str
    started: datetime
    boots: tuple[Span, ...] = ()
    tests: tuple[Span, ...] = ()

    @property
    def seconds(self) -> float:
        """Seconds from the run's beginning to the end of its last span."""
        return max((s.offset + s.seconds for s in (*self.boots, *self.tests)), default=0.0)

    def to_dict(self) -> dict[str, Json]:
        """The document `timeline.json`."""
        return {
            "schema": TIMELINE,
            "run": self.run,
            "started": timestamps.to_text(self.started),
            "boots": [span.to_dict() for span in self.boots],
            "tests": [span.to_dict() for span in self.tests],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Json]) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, TIMELINE)
        f = Fields(document, "$", ("schema", "run", "started", "boots", "tests"))
        return cls(
            run=f.text("run"),
            started=f.moment("started"),
            boots=tuple(Span.from_dict(*item) for item in f.items("boots")),
            # An older version named tests with the values of their parameters.
            tests=tuple(
                replace(span, name=bare_name(span.name))
                for span in (Span.from_dict(*item) for item in f.items("tests"))
            ),
        )
