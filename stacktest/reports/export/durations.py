"""The durations of tests in the format of pytest-split: node id → seconds."""

from stacktest.core.json_data import Json
from stacktest.core.records.durations import KnownDurations


def durations(times: KnownDurations) -> Json:
    """The document `.test_durations`."""
    return {name: ms / 1000 for name, ms in sorted(times.ms.items())}
