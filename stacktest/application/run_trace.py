"""The input of a run's judgement besides outcomes: enough to repeat it on another machine."""

from collections.abc import Mapping

from msgspec import Struct

from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.common import Run


class RunTrace(Struct, frozen=True, kw_only=True):
    """One run that has ended, on the machine that it ran on."""

    stack: str
    """Name of the project; `run.stack` names its engine, too."""
    run: Run
    before: Mapping[str, ServiceObservation]
    """Every service once the stack was up; empty: it could not be observed."""
    after: Mapping[str, ServiceObservation]
    collected_code: Mapping[str, str]
    """Test file → digest of its code as it was collected."""
    code: Mapping[str, str]
    """Test file → digest of its code after the tests had run."""
    boot_seconds: Mapping[str, float]
