"""A service that runs and is on no network any more, although its definition has some."""

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure
from stacktest.core.shared_network import network_mode


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """The first concerned service that lost all of its networks."""
    for service in facts.concerned(failure):
        definition = facts.stack.services[service.name]
        if not service.is_running or service.networks or service.network_container:
            continue
        if definition.networks and not network_mode(definition):
            name = service.name
            return Diagnosis(
                service=name,
                sentence=f"{name} is on no network any more; its definition has "
                f"{' and '.join(definition.networks)}{shown_place(facts.line(name, 'networks'))}",
                command=compose_command(
                    facts.stack, "up", "-d", "--force-recreate", "--no-deps", services=[name]
                ),
            )
    return None
