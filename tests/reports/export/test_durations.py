"""What pytest-split reads: seconds by node id."""

from stacktest.core.records.durations import KnownDurations
from stacktest.reports.export.durations import durations


def test_seconds_by_node_id() -> None:
    times = KnownDurations(ms={"suites/test_b.py::test_y": 1500, "suites/test_a.py::test_x": 20})
    assert list(durations(times).items()) == [
        ("suites/test_a.py::test_x", 0.02),
        ("suites/test_b.py::test_y", 1.5),
    ]
