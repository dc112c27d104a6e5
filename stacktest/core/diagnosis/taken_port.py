"""A port of this machine that a service wants and somebody else has."""

import re

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, HostPort
from stacktest.core.numbers import whole_number

OF_A_CONTAINER = r"Bind for \S+?:(?P<port>\d+) failed: port is already allocated"
"""What engines say where another container has it."""
OF_A_PROGRAM = (
    # Engines up to 26, then 27 and later, of which 27 and 28 also say where the port leads to.
    r"(?:listen (?:tcp|udp)\d? \S*|failed to bind host port(?: for)? (?:\[[^\]]*\]|[^\s:]*))"
    r":(?P<port>\d+)(?:[:/]\S+)?: (?:bind: )?address already in use"
)


def wanted_port(error: str) -> HostPort | None:
    """The port that the engine could not give; None where its words are about something else."""
    matches = (re.search(p, error, re.IGNORECASE) for p in (OF_A_CONTAINER, OF_A_PROGRAM))
    match = next(filter(None, matches), None)
    number = whole_number(match["port"]) if match else None
    if match is None or number is None:
        return None
    protocol = re.search(r"(?:listen |\d/)(tcp|udp)", match[0])
    return HostPort(number=number, protocol=protocol[1] if protocol else "")


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Of a service that could not be started for it, where it is known who has the port."""
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
    """Two containers of the stack publish the same port: no order of starts helps."""
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
