"""The command `stacktest`: the only place that catches all errors, prints them and exits."""

# ruff: noqa: E402 - later imports may have the name of a file in the project's folder
from stacktest.adapters.standard_library import prefer_standard_library

prefer_standard_library()

import gc
import io
import os
import sys
import time
from typing import NoReturn

import click

from stacktest.cli.group import VerbModules, Verbs, usage_lines
from stacktest.cli.output import give_up, say
from stacktest.errors import StacktestError, UsageError, refusal_of

INTERRUPTED = 130
BUG = 70
OBJECTS = 100_000
"""Objects that are made before the garbage collector runs: a command that ends within a second
makes little garbage, and the objects of all modules are visited each time."""


VERBS = (
    "status",
    "gate",
    "why",
    "fingerprint",
    "notify",
    "plan",
    "up",
    "rehearse",
    "update",
    "drill",
    "down",
    "doctor",
    "names",
    "page",
    "export",
    "history",
    "merge",
    "init",
    "record",
    "check",
    "claims",
    "ack",
    "config",
    "completion",
)
"""Every verb; its module and the command in the module have the verb's name."""


@click.group(
    cls=Verbs,
    commands=VerbModules(__name__, VERBS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Proves, service by service, that a docker compose stack works, and remembers it.\n\n"
    "Begin with: stacktest doctor, stacktest init, pytest. Then: stacktest status, why, page.",
)
@click.version_option(package_name="stacktest")
def cli() -> None:
    """The group of all verbs."""


def main() -> None:
    """Run the command line; every error is printed and ends with its documented exit code."""
    gc.set_threshold(OBJECTS)
    _open_streams()
    _accept_every_letter()
    try:
        # With `standalone_mode=False` click returns the code of an Exit instead of raising it.
        code = cli.main(prog_name="stacktest", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _say(usage_lines(error))
        sys.exit(error.exit_code)
    except StacktestError as error:
        _say(error.lines_with_code())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say(["interrupted"])
        sys.exit(INTERRUPTED)
    except OSError as error:
        missing = _missing_folder()
        refusal = missing or refusal_of(error)
        if refusal is None:
            _report_bug(error)
        _say(refusal.lines_with_code())
        if not (missing or error.filename):
            give_up(sys.stdout)
        sys.exit(refusal.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug: a short message, the traceback in a file
        _report_bug(error)


# Private


def _open_streams() -> None:
    """Open closed standard streams on /dev/null: the next file must not get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: PTH123, SIM115


def _missing_folder() -> UsageError | None:
    """The error that the working folder was removed, for example by a checkout; else None."""
    try:
        os.getcwd()  # noqa: PTH109 - raises if it was removed
    except FileNotFoundError:
        return UsageError(
            "the folder in which this was called does not exist any more",
            where=os.environ.get("PWD", "the working folder"),
            hint="cd to the stack's folder, or name it: --stack DIR",
        )
    return None


def _accept_every_letter() -> None:
    """Print characters that the terminal's encoding lacks as escapes, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(lines: list[str]) -> None:
    for line in lines:
        say(line, err=True)


def _report_bug(error: Exception) -> NoReturn:
    _say(
        [
            f"error: a bug in stacktest: {type(error).__name__}: {error}",
            f"  at: {_log(error)}",
            "  hint: send that file with a report; it holds no value of a variable",
            "  code: SK-BUG",
        ]
    )
    sys.exit(BUG)


def _log(error: Exception) -> str:
    """Write the traceback without values of variables to a file; returns the file's path."""
    import traceback

    from stacktest.adapters.atomic_write import create_file
    from stacktest.adapters.temporary import usable_place

    lines = [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
    try:
        path = (
            usable_place(programs=False)
            / f"stacktest-bug-{os.getpid()}-{time.monotonic_ns():x}.log"
        )
        create_file(path, "".join(lines), mode=0o600)
    except (OSError, UsageError) as refusal:
        return f"{lines[-2].strip()} (no file could be written: {refusal})"
    return str(path)
