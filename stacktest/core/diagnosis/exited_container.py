"""Diagnoses a program that ended: its exit code and last error line, or killed for memory."""

import re

from stacktest.core.compose_command import compose_command, docker_command, log_command
from stacktest.core.diagnosis import password, start_error, storage
from stacktest.core.diagnosis.diagnosis import Diagnosis, edit_command, in_turn, shown_place
from stacktest.core.diagnosis.error_line import error_line
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts
from stacktest.core.diagnosis.mounted_file import place_in
from stacktest.core.readiness import CALM, RESTARTS_OF_A_LOOP, is_job

DOWN = frozenset({"exited", "dead", "restarting"})
MIB = 1024 * 1024


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first concerned service that does not run any more, or restarts in a loop."""
    for service in facts.concerned(failure):
        if service.state in _NOT_STARTED and service.error:
            causes = (
                storage.diagnose_service(facts, service, ()),
                start_error.diagnose_service(facts, service),
            )
            if diagnosis := next(filter(None, causes), None):
                return diagnosis
        is_down = service.state in DOWN and not _has_done_its_work(facts, service, failure)
        if is_down or _is_in_a_loop(facts, service, failure):
            return diagnose_service(facts, service)
    return None


def diagnose_service(facts: Facts, service: ServiceFacts) -> Diagnosis:
    """Why a service that does not run any more ended."""
    if service.oom:
        return _killed_for_memory(facts, service)
    for cause in (storage.diagnose_service, password.diagnose_service):
        if diagnosis := cause(facts, service, service.log):
            return diagnosis
    name, words = service.name, error_line(service.log)
    if service.exit_code in _STOPPED:
        return Diagnosis(
            service=name,
            sentence=f"{name} was stopped from outside (exit {service.exit_code})",
            command=compose_command(facts.stack, "up", "-d", services=[name]),
        )
    code = "" if service.exit_code is None or service.is_running else f" {service.exit_code}"
    loop = f" and was restarted {service.restarts} times" if service.restarts > 1 else ""
    place = place_in(service, words)
    words += _without_interpreter(words)
    up = compose_command(facts.stack, "up", "-d", "--force-recreate", services=[name])
    logs = log_command(facts.stack, name, is_temporary=service.is_temporary)
    return Diagnosis(
        service=name,
        sentence=f"{name} exited{code}{loop}{f': {words}' if words else ''}"
        f"{f' ({place})' if place else ''}",
        before=f"correct {place}" if place else "",
        command=up if place else logs,
    )


# Private

_NOT_STARTED = frozenset({"created", "exited", "dead"})
_KEYS = ("mem_limit", "deploy.resources.limits.memory")
_SCRIPT = re.compile(r"^exec (/\S+): no such file or directory$")
"""Log line of a script with a missing interpreter; for a missing script the engine refuses."""
_STOPPED = frozenset({130, 137, 143})
"""Exit codes of a program that was stopped: by Ctrl-C, SIGKILL or SIGTERM."""


def _has_done_its_work(facts: Facts, service: ServiceFacts, failure: Failure) -> bool:
    """Whether it ended as intended: a finished job, or a service stopped before a start."""
    if failure.is_start:
        return service.exit_code == 0 or (service.exit_code in _STOPPED and not service.oom)
    return service.exit_code == 0 and is_job(facts.stack.services[service.name], facts.stack)


def _is_in_a_loop(facts: Facts, service: ServiceFacts, failure: Failure) -> bool:
    """Whether it runs only because it was restarted again, a moment ago."""
    if not (failure.is_start and service.is_running and service.started):
        return False
    age = (facts.now - service.started).total_seconds()
    return service.restarts >= RESTARTS_OF_A_LOOP and age < CALM


def _without_interpreter(words: str) -> str:
    """A note that the kernel's `no such file` is about the script's interpreter, or empty."""
    script = _SCRIPT.search(words)
    if script is None:
        return ""
    return (
        f"; {script[1]} is there, the program that its first line names is not: look for a "
        "carriage return at the end of that line"
    )


def _killed_for_memory(facts: Facts, service: ServiceFacts) -> Diagnosis:
    name, limit = service.name, service.memory
    key = next((key for key in _KEYS if facts.line(name, key)), _KEYS[0])
    line = facts.line(name, key)
    up = compose_command(facts.stack, "up", "-d", services=[name])
    if not limit:
        return Diagnosis(
            service=name,
            sentence=f"{name} was killed for memory: this machine had none left, and {name} has "
            "no limit of its own",
            command=docker_command(facts.stack, "stats", "--no-stream"),
        )
    written = line.text.partition(":")[2].strip() if line else ""
    edit = edit_command(line, written, f"{2 * limit // MIB}m")
    return Diagnosis(
        service=name,
        sentence=f"{name} was killed for memory: its limit is {limit // MIB} MiB"
        f"{shown_place(line)}",
        before="" if edit else f"raise services.{name}.{key}",
        command=in_turn(edit, up) or up,
    )
