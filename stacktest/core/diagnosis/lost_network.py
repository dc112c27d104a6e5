"""Diagnoses a running container that is on no network, although its definition has networks."""

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts
from stacktest.core.shared_network import network_mode


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first concerned service that lost all of its networks."""
    diagnoses = (diagnose_service(facts, service) for service in facts.concerned(failure))
    return next(filter(None, diagnoses), None)


def diagnose_service(facts: Facts, service: ServiceFacts) -> Diagnosis | None:
    """Diagnoses a running container without a network whose definition has networks; else None."""
    name, definition = service.name, facts.stack.services[service.name]
    if not service.is_running or service.networks or service.network_container:
        return None
    if not definition.networks or network_mode(definition):
        return None
    return Diagnosis(
        service=name,
        sentence=f"{name} is on no network any more; its definition has "
        f"{' and '.join(definition.networks)}{shown_place(facts.line(name, 'networks'))}",
        command=compose_command(
            facts.stack, "up", "-d", "--force-recreate", "--no-deps", services=[name]
        ),
    )
