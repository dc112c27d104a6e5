"""Diagnoses a service whose variables were edited and whose container was not recreated since.

It is tried last, for failures without another cause: the container does not match the files.
"""

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts

MOST = 3
"""Maximum number of variables that are named."""


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first concerned service with other variables than its definition has."""
    for service in facts.concerned(failure):
        if service.is_running and service.edited:
            return _of(facts, service)
    return None


# Private


def _of(facts: Facts, service: ServiceFacts) -> Diagnosis:
    name, names = service.name, service.edited
    shown = ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if names[MOST:] else "")
    line = facts.line(name, f"environment.{names[0]}") or facts.line(name, "environment")
    return Diagnosis(
        service=name,
        sentence=f"{name} was not started again since {shown} changed{shown_place(line)}: its "
        "container has the value of before",
        command=compose_command(facts.stack, "up", "-d", services=[name]),
    )
