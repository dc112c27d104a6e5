"""Faults at three in the morning: the first two lines name culprit and cause, the command cures it.

Each is a small stack that is broken in one way (`campaigns.night_faults`). The tests are run; the
first two lines of what they say of the failure, and of `stacktest why`, have to name it. The
command that `why` prints is pasted into a shell in the stack's folder; then the tests pass, or the
command has shown what it is meant to show.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from campaigns.common import Options, Report, main
from campaigns.docker_command import build_nginx
from campaigns.night_faults import FAULTS
from campaigns.night_stacks import Fault, in_stack
from campaigns.small_stack import SmallStack, small_stack

SHORT = ("misspelt upstream", "a variable that is missing")


def run(options: Options) -> Report:
    """Every fault in turn; the short form takes two."""
    build_nginx()
    faults = [fault for fault in FAULTS if not options.short or fault.name in SHORT]
    rows, problems = [], list[str]()
    for fault in faults:
        begin = time.monotonic()
        trial = try_fault(fault)
        problems += [f"{fault.name}: {problem}" for problem in trial.problems]
        seconds = f"{time.monotonic() - begin:.1f} s"
        rows.append((fault.name, trial.sentence, trial.outcome, seconds))
        print(*rows[-1], *trial.problems, sep="\n  ", file=sys.stderr, flush=True)
    return Report(columns=("fault", "said", "command", "took"), rows=rows, faults=problems)


class Trial:
    """What came of one fault."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.sentence = ""
        self.outcome = ""


def try_fault(fault: Fault) -> Trial:
    """Break a stack, run its tests, and do what they say."""
    trial = Trial()
    with small_stack(fault.services, fault.test) as stack:
        for name, text in fault.files.items():
            path = stack.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        fault.prepare(stack)
        try:
            _try(fault, stack, trial)
        finally:
            in_stack(stack, "down", "--volumes", "--timeout", "0")
    return trial


# Private

_BEGINNINGS = ("FAILED ", "error: ", "ERROR: ")
"""Of the line that tells a failed test, a failed start, or a stack that cannot be read."""


def _try(fault: Fault, stack: SmallStack, trial: Trial) -> None:
    if fault.has_started:
        in_stack(stack, "up", "--detach")
        fault.breaks(stack)
    code, output = _tests(stack)
    if code == 0:
        trial.problems.append("no test noticed it")
        return
    lines = _first_lines(output)
    trial.sentence = lines[lines[0].startswith("FAILED")]
    if not re.search(fault.cause, "\n".join(lines)):
        trial.problems.append(f"the first lines are {lines}\n{output}")
    command = _command(fault, stack, trial, output)
    if command:
        _paste(fault, stack, trial, command)


def _tests(stack: SmallStack) -> tuple[int, str]:
    """What `pytest` ends with and prints; small stacks are quiet, people are not."""
    return stack.run("pytest", "-v")


def _first_lines(output: str) -> list[str]:
    """The two lines with which the failure is told."""
    lines = output.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(_BEGINNINGS)]
    return [line.strip() for line in lines[starts[0] : starts[0] + 2]] if starts else ["", ""]


def _command(fault: Fault, stack: SmallStack, trial: Trial, output: str) -> str:
    """The command that `why` names; where nothing could be recorded, that of the error."""
    _, why = stack.run("why", fault.culprit)
    first = why.splitlines()[:2]
    hints = re.findall(r"^  hint: (.*)$", output, re.MULTILINE)
    if fault.culprit and not re.search(fault.cause, "\n".join(first)):
        trial.problems.append(f"the first lines of why are {first}\n{why}")
    nexts = re.findall(r"^next +(.*)$", why, re.MULTILINE) if fault.culprit else hints
    if not nexts:
        trial.problems.append(f"there is no command\n{why}")
        return ""
    return str(nexts[-1]).rpartition("then: ")[2]


def _paste(fault: Fault, stack: SmallStack, trial: Trial, command: str) -> None:
    if fault.before is not None:
        fault.before(stack)
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # A command that does not end is one that does not help.
    done = subprocess.run(
        ["timeout", "120", "bash", "-c", command],
        cwd=stack.root,
        env=stack.variables(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    if fault.shows:
        trial.outcome = "shows it"
        if not re.search(fault.shows, printed):
            trial.problems.append(f"{command}\nprints\n{printed}")
        return
    trial.outcome = "cures it"
    if done.returncode:
        trial.problems.append(f"{command}\nends with {done.returncode}\n{printed}")
    code, output = _tests(stack)
    if code:
        trial.problems.append(f"after {command}\n{output}")


if __name__ == "__main__":
    raise SystemExit(main("three_in_the_morning", run))
