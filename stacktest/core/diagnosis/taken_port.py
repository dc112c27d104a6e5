"""Diagnoses a port of this machine that a service publishes but another program already uses."""

import re

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, HostPort
from stacktest.core.numbers import whole_number

OF_A_CONTAINER = r"Bind for \S+?:(?P<port>\d+) failed: port is already allocated"
"""Error of the engine if another container has the port."""
OF_A_PROGRAM = (
    # Engines up to 26, then 27 and later; 27 and 28 also add the port's target.
    r"(?:listen (?:tcp|udp)\d? \S*|failed to bind host port(?: for)? (?:\[[^\]]*\]|[^\s:]*))"
    r":(?P<port>\d+)(?:[:/]\S+)?: (?:bind: )?address already in use"
)


def wanted_port(error: str) -> HostPort | None:
    """The port in the engine's error; None if the error is about something else."""
    matches = (re.search(p, error, re.IGNORECASE) for p in (OF_A_CONTAINER, OF_A_PROGRAM))
    match = next(filter(None, matches), None)
    number = whole_number(match["port"]) if match else None
    if match is None or number is None:
        return None
    protocol = re.search(r"(?:listen |\d/)(tcp|udp)", match[0])
    return HostPort(number=number, protocol=protocol[1] if protocol else "")


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses a service that could not start because of a port, if the port's holder is known."""
    for service in facts.concerned(failure):
        port = wanted_port(service.error)
        holder = facts.holders.get(port) if port is not None else None
        if port is not None and holder is not None:
            if holder.service:
                return _of_the_stack(facts, service.name, port, holder.service)
            return Diagnosis(
                service=service.name,
                sentence=f"port {port.number} belongs to {holder.name}; {service.name} wants it",
                command=holder.command,
            )
    return None


# Private


def _of_the_stack(facts: Facts, name: str, port: HostPort, other: str) -> Diagnosis:
    """Diagnoses two containers of the stack that publish the same port, whichever starts first."""
    line = facts.line(name, "ports")
    both = (
        f"{name} and {other} both publish" if name != other else f"each container of {name} wants"
    )
    change = f"give services.{name}.ports another port" if name != other else f"run one {name}"
    return Diagnosis(
        service=name,
        sentence=f"{both} port {port.number}, which only one can have{shown_place(line)}",
        before=change,
        command=compose_command(facts.stack, "up", "-d", services=[name]),
    )
