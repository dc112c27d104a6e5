"""Verbs that read or write a project's own files: init, check, ack, config."""

import click

from stacktest.cli import completed
from stacktest.cli.group import Verbs
from stacktest.cli.options import json_option, known_services, print_json, stack_option
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, UsageError


@click.command()
@stack_option
def init(*, folder: str) -> None:
    """Write a first stacktest.toml and a smoke test per service.

    What is there already stays as it is.
    """
    import os
    from pathlib import Path

    from stacktest.adapters.routes import read_routes
    from stacktest.bootstrap.context import Project
    from stacktest.init import begin

    root = Path(folder or ".").resolve()
    for line in begin(Project(root, os.environ).compose.model(), read_routes).lines():
        click.echo(line)


@click.command()
@stack_option
@json_option
def check(*, folder: str, as_json: bool) -> None:
    """Check configuration and suites without running anything.

    The exit code is 1 when something is wrong.
    """
    from stacktest.application.lint_suites import examine
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.wording import count

    project = find_project(folder)
    findings = examine(project.stack, project.config)
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            for line in finding.lines():
                click.echo(line)
        click.echo(count(len(findings), "finding") if findings else "nothing to complain about")
    raise click.exceptions.Exit(1 if findings else 0)


@click.command()
@stack_option
@click.argument("service", shell_complete=completed.services)
def ack(*, folder: str, service: str) -> None:
    """Write the page's fingerprint line: reviewed, still true."""
    from stacktest.bootstrap.context import find_project
    from stacktest.core.freshness.docs_page import acknowledge

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    page = project.root / project.config.stack.pages.replace("{service}", name)
    if not page.is_file():
        raise UsageError(f"{name} has no page", where=str(page), hint="write it first")
    mine = project.look()[name].fingerprint
    # What the repository says is the same on every machine; the whole fingerprint is not.
    said = mine.digest if project.config.freshness.doc_on else mine.repo
    if isinstance(said, Unknown):
        raise EvidenceError(
            f"the fingerprint of {name} is unknown: {said.why}",
            where=name,
            hint="stacktest doctor",
        )
    page.write_bytes(acknowledge(page.read_bytes().decode("utf-8"), said).encode("utf-8"))
    click.echo(f"written  {page}: {said}; commit it")


@click.group(cls=Verbs)
def config() -> None:
    """The configuration: what holds, and what may be written."""


@config.command()
@stack_option
@json_option
@click.option("--origin", is_flag=True, help="Also where each value comes from.")
def show(*, folder: str, as_json: bool, origin: bool) -> None:
    """Every value that holds."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.config import config_document, config_lines

    found = find_project(folder).config
    if as_json:
        print_json(config_document(found))
        return
    for line in config_lines(found, with_origin=origin):
        click.echo(line)


@config.command()
def schema() -> None:
    """The JSON Schema of stacktest.toml."""
    from stacktest.config import schema_text

    click.echo(schema_text(), nl=False)


VERBS = (init, check, ack, config)
