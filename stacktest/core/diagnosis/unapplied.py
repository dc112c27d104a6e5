"""A service whose variables were edited, and that was not started again since.

Asked last, of failures that nothing else explains: its container is not what the files say.
"""

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts

MOST = 3
"""So many variables are named."""


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """The first concerned service that runs with other variables than its definition has."""
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
