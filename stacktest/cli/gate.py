"""The verb `gate`: decides by the services' states whether the gate is open."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacktest.cli.options import asked_project, json_option, stack_option
from stacktest.cli.output import print_json, say
from stacktest.core.records.status import Scope
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.bootstrap.context import Project


@click.command()
@stack_option
@json_option
@click.option(
    "--scope",
    type=click.Choice(["host", "repo"]),
    default="host",
    help="repo: for a machine without images or key; can only make the verdict worse.",
)
@click.option(
    "--base",
    metavar="COMMIT",
    default="",
    help="With --scope repo: by that commit's records; imports nothing of the folder.",
)
@click.option("--offline", is_flag=True, help="Judge status.json as it is; ask no engine.")
def gate(*, folder: str, as_json: bool, scope: Scope, base: str, offline: bool) -> None:
    """Decide: open (0), closed (1), no evidence to judge by (11)."""
    if base and (scope != "repo" or offline):
        raise UsageError(
            "--base judges a repository",
            where="--base",
            hint=f"stacktest gate --scope repo --base {base}",
        )
    from stacktest.adapters.temporary import temporary_folder

    with temporary_folder("base") as place:
        _decide(_project(folder, base, place), scope, as_json=as_json, offline=offline)


# Private


def _project(folder: str, base: str, place: Path) -> "Project":
    if not base:
        return asked_project(folder)
    from stacktest.bootstrap.base_commit import BaseProject
    from stacktest.bootstrap.context import find_project

    return BaseProject(find_project(folder).root, os.environ, base, place)


def _decide(project: "Project", scope: Scope, *, as_json: bool, offline: bool) -> None:
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.open_update import open_lines
    from stacktest.reports.local_texts import gate_with_texts
    from stacktest.reports.terminal.gate import gate_document, gate_lines
    from stacktest.reports.terminal.status import absent_lines

    stack = None if offline else project.judge_now(scope)
    judgements = stack.judgements if stack else None
    decision = project.judge.gate(
        judgements,
        stack.moment if stack else now(),
        scope,
        is_local=True,
        misnamed=stack.misnamed if stack else (),
    )
    if as_json:
        print_json(gate_document(decision))
    else:
        for line in gate_lines(gate_with_texts(decision, read_texts(project.root))):
            say(line)
        for line in absent_lines(judgements or {}):
            say(line)
        for line in open_lines(project.root, os.environ):
            say(line)
    raise click.exceptions.Exit(decision.exit_code)
