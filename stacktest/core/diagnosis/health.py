"""Diagnoses a failing health check: its output, or that the image lacks the check's command."""

import re
import shlex

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis import password, storage
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.error_line import error_line, named_error
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first concerned service that is unhealthy, or at a start not checked yet."""
    for service in facts.concerned(failure):
        if failure.is_start and (diagnosis := _unlooked(facts, service)):
            return diagnosis
        if diagnosis := diagnose_service(facts, service, is_start=failure.is_start):
            return diagnosis
    return None


def diagnose_service(facts: Facts, service: ServiceFacts, *, is_start: bool) -> Diagnosis | None:
    """Why a service is unhealthy; None if it is not unhealthy."""
    is_unhealthy = service.is_running and service.health == "unhealthy"
    return _of(facts, service, is_start=is_start) if is_unhealthy else None


# Private

_CLIENTS = ("curl", "wget", "nc", "python3", "perl", "bash")
_MISSING = tuple(
    map(
        re.compile,
        (
            r'exec: "(?P<command>[^"]+)": (?:executable file not found|stat .*no such file)',
            r"(?:^|\s)\S*sh: (?:line )?(?:\d+: )?(?P<command>[\w./-]+): (?:command )?not found",
            r"unable to start container process: .*?(?P<command>[\w./-]+): no such file",
        ),
    )
)
_LONGER_START = (
    "if it only needs longer to start, raise services.{service}.healthcheck.start_period in the "
    "compose file; else correct what its health check shows"
)
_EXIT = re.compile(r"^exit -?\d+:? ?")
"""The exit code before the output of a check in `health_log`."""


def _of(facts: Facts, service: ServiceFacts, *, is_start: bool) -> Diagnosis:
    if missing := _missing_command(service.health_log):
        return _without_command(facts, service, missing)
    for cause in (storage.diagnose_service, password.diagnose_service):
        if diagnosis := cause(facts, service, service.log):
            return diagnosis
    name = service.name
    output = error_line(_EXIT.sub("", service.health_log).splitlines())
    # A log that names no error shows what works, which is no cause.
    words = output or named_error(service.log) or _silent(service.health_log)
    return Diagnosis(
        service=name,
        sentence=f"{name} is not healthy{f': {words}' if words else ''}",
        before=_LONGER_START.format(service=name) if is_start else "",
        command=_check_command(facts, name),
    )


def _silent(health_log: str) -> str:
    code = _EXIT.match(health_log)
    return f"its health check ends with {code[0].rstrip(': ')} and writes nothing" if code else ""


def _unlooked(facts: Facts, service: ServiceFacts) -> Diagnosis | None:
    """Diagnoses a service whose first health check, an interval after its start, is not due yet."""
    is_starting = service.is_running and service.health == "starting" and not service.health_log
    if not (is_starting and service.first_check and service.started):
        return None
    if (facts.now - service.started).total_seconds() >= service.first_check:
        return None
    name, line = service.name, facts.line(service.name, "healthcheck")
    return Diagnosis(
        service=name,
        sentence=f"{name} is not looked at yet: its health is first checked "
        f"{service.first_check:g} s after its start{shown_place(line)}",
        before=f"lower services.{name}.healthcheck.interval, or raise services.{name}.timeout in "
        "stacktest.toml",
        command=compose_command(facts.stack, "up", "-d", services=[name]),
    )


def _missing_command(text: str) -> str:
    matches = (pattern.search(text) for pattern in _MISSING)
    return next((match["command"] for match in matches if match), "")


def _without_command(facts: Facts, service: ServiceFacts, missing: str) -> Diagnosis:
    name = service.name
    line = facts.line(name, "healthcheck.test") or facts.line(name, "healthcheck")
    look = "; ".join(f"command -v {client}" for client in _CLIENTS if client != missing)
    words = ("exec", "-T", name, "sh", "-c", f"{look}; true")
    return Diagnosis(
        service=name,
        sentence=f"{name} is not healthy: its health check runs {missing}, which its image does "
        f"not have{shown_place(line)}",
        before="write the check with a program that the image has, which the command lists",
        command=compose_command(facts.stack, *words),
    )


def _check_command(facts: Facts, name: str) -> str:
    """The command that runs the health check by hand; if it is not known, that shows the log."""
    definition = facts.stack.services[name].definition or {}
    test = (definition.get("healthcheck") or {}).get("test") or ()
    words = [str(word) for word in test] if isinstance(test, list) else ["CMD-SHELL", str(test)]
    kind, *command = words or [""]
    prefix = compose_command(facts.stack, "exec", "-T", name)
    if kind == "CMD" and command:
        return f"{prefix} {shlex.join(command)}"
    if kind == "CMD-SHELL" and command:
        return f"{prefix} {shlex.join(['sh', '-c', *command])}"
    return compose_command(facts.stack, "logs", "--tail", "20", services=[name])
