"""Diagnoses a running service that listens at none of the ports which show that it is ready.

It is decided by the container's open ports: another port, or the right one on 127.0.0.1 only.
"""

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses a failed start; None if no port is open, since the program may need longer."""
    for service in facts.concerned(failure) if failure.is_start else ():
        known = service.is_running and service.open_ports is not None
        if known and failure.ports and not set(failure.ports) & set(service.open_ports or ()):
            return _of(facts, service, failure.ports)
    return None


# Private

_KEYS = ("ports", "expose")


def _of(facts: Facts, service: ServiceFacts, wanted: tuple[int, ...]) -> Diagnosis | None:
    name = service.name
    line = next(filter(None, (facts.line(name, key) for key in _KEYS)), None)
    asked = " or ".join(map(str, wanted))
    up = compose_command(facts.stack, "up", "-d", "--force-recreate", services=[name])
    if alone := sorted(set(wanted) & service.local_ports):
        return Diagnosis(
            service=name,
            sentence=f"{name} listens on {alone[0]} for itself alone, at 127.0.0.1: nobody else "
            "reaches it there",
            before=f"let {name} listen at 0.0.0.0",
            command=up,
        )
    if not service.open_ports:
        return None
    shown = " and ".join(map(str, sorted(service.open_ports)))
    place = line.where if line else f"services.{name}"
    return Diagnosis(
        service=name,
        sentence=f"{name} does not listen on {asked}{shown_place(line)}; it has {shown}",
        before=f"correct the port in {place}, or in services.{name}.ready in stacktest.toml",
        command=up,
    )
