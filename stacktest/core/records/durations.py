"""Durations of tests, one number per test, used to divide tests evenly among shards.

    {"schema": "stacktest.durations/1", "ms": {"suites/test_a.py": {"test_b": 120, …}, …}}

A time that is close to the known one is ignored: the file is committed, and should only change when
a test takes clearly longer or shorter.
"""

from collections.abc import Collection, Mapping
from typing import Self

from msgspec import Struct, field

from stacktest.core.fingerprint.digest import digest
from stacktest.core.json_data import Json
from stacktest.core.records.strict_json import Fields, check_schema

DURATIONS = "stacktest.durations/1"
NOISE_MS = 200
NOISE_RATIO = 1.5
"""A time within this ratio of the known one, either way, counts as unchanged."""


class KnownDurations(Struct, frozen=True, kw_only=True):
    """Node id → milliseconds of setup, call and teardown in a run in which the test passed."""

    ms: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A digest of all times."""
        return digest(dict(self.ms))

    def after(self, seconds: Mapping[str, float], known: Collection[str]) -> Self:
        """The times updated by those of a run; tests that are not in `known` are removed."""
        ms = {name: value for name, value in self.ms.items() if name in known}
        for name, duration in seconds.items():
            new = round(duration * 1000)
            if name not in ms or not _is_near(ms[name], new):
                ms[name] = new
        return type(self)(ms=ms)

    def to_dict(self) -> dict[str, Json]:
        """The document `durations.json`, grouped by file so that no path is repeated."""
        files: dict[str, dict[str, int]] = {}
        for nodeid, ms in sorted(self.ms.items()):
            path, _, name = nodeid.partition("::")
            files.setdefault(path, {})[name] = ms
        return {"schema": DURATIONS, "ms": files}

    @classmethod
    def from_dict(cls, document: Json) -> Self:
        """The reverse of `to_dict`; a RecordError says what is wrong with the document."""
        check_schema(document, DURATIONS)
        files, path = Fields(document, "$", ("schema", "ms")).raw("ms")
        fields = Fields(files, path, files)
        return cls(
            ms={
                f"{file}::{name}": ms
                for file in files
                for name, ms in fields.number_map(file).items()
            }
        )


# Private


def _is_near(old: int, new: int) -> bool:
    is_noise = abs(new - old) <= NOISE_MS
    return is_noise or old / NOISE_RATIO <= new <= old * NOISE_RATIO
