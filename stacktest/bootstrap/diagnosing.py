"""Diagnoses failures of one stack; the diagnoses are imported only after a failure."""

from stacktest.bootstrap.context import Project, now
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Failure


def diagnose_failure(
    project: Project, failure: Failure, since: float | None = None
) -> Diagnosis | None:
    """The cause, if the facts decide it; `since`: the beginning of the test in Unix time."""
    from stacktest.application.diagnose import DiagnosedStack

    diagnosed = DiagnosedStack(
        stack=project.stack,
        engine=project.engine,
        names=lambda: project.names,
        ca=lambda: project.readable_ca,
        now=now,
        passed_routes=lambda name: project.judge.evidence(name).detail.get("routes", {}),
    )
    return diagnosed.diagnose(failure, since)
