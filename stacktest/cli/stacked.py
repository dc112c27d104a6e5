"""Verbs about the stack that runs: plan, up, down, doctor."""

import click

from stacktest.cli.options import json_option, print_json, stack_option


@click.command(context_settings={"ignore_unknown_options": True})
@stack_option
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def plan(folder: str, pytest_args: tuple[str, ...]) -> None:
    """Print what would be started, in which order, because of which tests.

    PYTEST_ARGS are pytest's own: `stacktest plan -m phase5`.
    """
    import pytest

    said = ["--stack-dry-run", "--no-header", "-q", *pytest_args]
    if folder:
        said.append(f"--stack={folder}")
    raise click.exceptions.Exit(int(pytest.main(said)))


@click.command()
@stack_option
@json_option
def doctor(folder: str, as_json: bool) -> None:  # noqa: FBT001
    """Check engine, Compose, browser, names, CA, ports, clock and git: each ok or with the fix."""
    from stacktest.doctor import examine

    findings = examine(folder)
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            for line in finding.lines():
                click.echo(line)
    raise click.exceptions.Exit(max((finding.exit_code for finding in findings), default=0))


VERBS = (plan, doctor)
