"""What the end of a run looked at besides outcomes: enough to let it happen once more elsewhere."""

from collections.abc import Mapping

from msgspec import Struct

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.common import Run


class RunTrace(Struct, frozen=True, kw_only=True):
    """One run that came to its end, on the machine that it ran on."""

    stack: str
    """Name of the project; `run.stack` names its engine, too."""
    run: Run
    before: Mapping[str, ServiceObservation]
    """Every service once the stack was up; empty where nobody could look."""
    after: Mapping[str, ServiceObservation]
    collected_code: Mapping[str, str]
    """Test file → digest of its code as it was collected."""
    code: Mapping[str, str]
    """The same when the tests had run."""
    boot_seconds: Mapping[str, float]
