"""The file of durations is small, and moves only when a test has become another one."""

import json

import jsonschema
import pytest

from stacktest.core.records.durations import KnownDurations
from stacktest.core.records.strict_json import RecordError
from tests.core.records.test_schemas import SCHEMAS

KNOWN = {"a.py::test_b": 1000, "a.py::test_c[x#1]": 0, "b.py::TestD::test_e": 20}


def test_it_reads_back_equal_and_is_valid() -> None:
    durations = KnownDurations(ms=KNOWN)
    document = json.loads(json.dumps(durations.to_dict()))
    assert document["ms"]["a.py"] == {"test_b": 1000, "test_c[x#1]": 0}
    schema = json.loads((SCHEMAS / "durations.v1.schema.json").read_text())
    jsonschema.validate(document, schema)
    assert KnownDurations.from_dict(document) == durations


@pytest.mark.parametrize(
    ("seconds", "ms"), [(1.2, 1000), (0.7, 1000), (1.6, 1600), (0.6, 600), (1.499, 1000)]
)
def test_nearly_the_same_time_is_the_same_one(seconds: float, ms: int) -> None:
    assert KnownDurations(ms=KNOWN).after({"a.py::test_b": seconds}, KNOWN).ms == {
        **KNOWN,
        "a.py::test_b": ms,
    }


def test_new_tests_are_added_and_old_ones_forgotten() -> None:
    after = KnownDurations(ms=KNOWN).after({"c.py::test_f": 2.0}, {"a.py::test_b", "c.py::test_f"})
    assert after.ms == {"a.py::test_b": 1000, "c.py::test_f": 2000}


@pytest.mark.parametrize("ms", [{"a.py": {"t": -1}}, {"a.py": {"t": "1"}}, {"a.py": 1}, []])
def test_what_is_no_time_is_refused(ms: object) -> None:
    with pytest.raises(RecordError):
        KnownDurations.from_dict({"schema": "stacktest.durations/1", "ms": ms})
