"""The verb `check`: examine configuration and suites without running them."""

import click
from msgspec import to_builtins

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say


@click.command()
@stack_option
@json_option
def check(*, folder: str, as_json: bool) -> None:
    """Check configuration and suites before anything is started.

    Tests are collected, which imports them; none is run. Mounted files that no fingerprint counts
    are named. The exit code is 1 when something is wrong.
    """
    from stacktest.application.lint_suites import examine
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.left_out import left_out_lines
    from stacktest.reports.wording import count

    project = find_project(folder)
    findings = examine(project.stack, project.config, project.suites)
    if as_json:
        print_json(to_builtins(findings))
    else:
        for finding in findings:
            for line in finding.lines():
                say(line)
        for name, left_out in sorted(project.left_out().items()):
            for line in left_out_lines(left_out):
                say(f"{name}: {line}")
        say(count(len(findings), "finding") if findings else "nothing to complain about")
    raise click.exceptions.Exit(1 if findings else 0)
