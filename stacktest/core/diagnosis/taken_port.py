"""A port of this machine that a service wants and somebody else has."""

import re

from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Facts, Failure
from stacktest.core.numbers import whole_number

OF_A_CONTAINER = r"Bind for \S+?:(?P<port>\d+) failed: port is already allocated"
"""What engines say where another container has it."""
OF_A_PROGRAM = (
    # Engines up to 26, then 27 and later, of which 27 and 28 also say where the port leads to.
    r"(?:listen (?:tcp|udp)\d? \S*|failed to bind host port(?: for)? (?:\[[^\]]*\]|[^\s:]*))"
    r":(?P<port>\d+)(?:[:/]\S+)?: (?:bind: )?address already in use"
)


def wanted_port(error: str) -> int | None:
    """The port that the engine could not give; None where its words are about something else."""
    matches = (re.search(p, error, re.IGNORECASE) for p in (OF_A_CONTAINER, OF_A_PROGRAM))
    return next((whole_number(match["port"]) for match in matches if match), None)


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Of a service that could not be started for it, where it is known who has the port."""
    for service in facts.concerned(failure):
        port = wanted_port(service.error)
        holder = facts.holders.get(port) if port is not None else None
        if holder is not None:
            return Diagnosis(
                service=service.name,
                sentence=f"port {port} belongs to {holder.name}; {service.name} wants it",
                command=holder.command,
            )
    return None
