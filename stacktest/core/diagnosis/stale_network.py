"""Diagnoses a service in the network of another one that was restarted after it.

The engine gives a container a new network at every start; containers that joined stay in the old.
"""

import re

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts
from stacktest.core.shared_network import network_owner


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first concerned service whose network no longer exists."""
    for service in facts.concerned(failure):
        owner = facts.services.get(network_owner(facts.stack, service.name))
        if owner is None or owner is service or not (owner.is_running and service.is_running):
            continue
        if diagnosis := _of(facts, service, owner):
            return diagnosis
    return None


# Private

_ID = re.compile(r"[0-9a-f]{64}")
"""An engine keeps the name of a container that was created later, and looks it up at each start."""


def _of(facts: Facts, service: ServiceFacts, owner: ServiceFacts) -> Diagnosis | None:
    name = service.name
    if _ID.fullmatch(service.network_container) and service.network_container != owner.container:
        return Diagnosis(
            service=name,
            sentence=f"{owner.name} was replaced after {name}, which is still in the network of "
            "the container before",
            command=compose_command(
                facts.stack, "up", "-d", "--force-recreate", "--no-deps", services=[name]
            ),
        )
    if service.started is None or owner.started is None or owner.started <= service.started:
        return None
    return Diagnosis(
        service=name,
        sentence=f"{owner.name} was restarted after {name}, which is still in the network that "
        f"{owner.name} had before",
        command=compose_command(facts.stack, "restart", "--no-deps", services=[name]),
    )
