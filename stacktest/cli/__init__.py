"""The command `stacktest`: the one place that catches, prints and exits."""

import sys
import tempfile
import traceback
from pathlib import Path

import click

from stacktest.cli import (
    ack,
    check,
    completion,
    config,
    doctor,
    down,
    export,
    fingerprint,
    gate,
    history,
    init,
    names,
    notify,
    page,
    plan,
    status,
    up,
    why,
)
from stacktest.cli.group import Verbs, usage_lines
from stacktest.cli.output import say
from stacktest.errors import StacktestError, UsageError

INTERRUPTED = 130
BUG = 70


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Proves, service by service, that a docker compose stack works, and remembers it.",
)
@click.version_option(package_name="stacktest")
def cli() -> None:
    """The group of all verbs."""


for _verb in (
    status.status,
    gate.gate,
    why.why,
    fingerprint.fingerprint,
    notify.notify,
    plan.plan,
    up.up,
    down.down,
    doctor.doctor,
    names.names,
    page.page,
    export.export,
    history.history,
    init.init,
    check.check,
    ack.ack,
    config.config,
    completion.completion,
):
    cli.add_command(_verb)


def main() -> None:
    """Run the command line; every error becomes lines and the documented exit code."""
    try:
        # Without click's own main the code of an Exit is returned, not raised.
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _say(usage_lines(error))
        sys.exit(error.exit_code)
    except StacktestError as error:
        _say(error.told())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say(["interrupted"])
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader, `head` for example, reads no further.
        sys.stderr.close()
        sys.exit(0)
    except (PermissionError, NotADirectoryError, IsADirectoryError) as error:
        _say(_refused(error).told())
        sys.exit(UsageError.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug: one line for people, the rest in a file
        _say(
            [
                f"error: a bug in stacktest: {type(error).__name__}: {error}",
                f"  at: {_log(error)}",
                "  hint: send that file with a report; it holds no value of a variable",
                "  code: SK-BUG",
            ]
        )
        sys.exit(BUG)


# Private


def _say(lines: list[str]) -> None:
    for line in lines:
        say(line, err=True)


def _refused(error: OSError) -> UsageError:
    """What the operating system refuses is for the person to correct, who knows why it does."""
    reason = (error.strerror or "refused").lower()
    return UsageError(
        f"{error.filename or 'a file'}: {reason}",
        where=str(error.filename or ""),
        hint="give yourself the right to it, or name another place in stacktest.toml",
    )


def _log(error: Exception) -> Path:
    """Where the traceback went: module, line and function of each frame, without any value."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="stacktest-bug-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.writelines(traceback.format_tb(error.__traceback__))
        file.write(f"{type(error).__name__}\n")
    return Path(file.name)
