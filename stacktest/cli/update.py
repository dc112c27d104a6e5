"""The verb `update`: replaces services, and keeps the new ones only if the tests pass."""

import os
from typing import TYPE_CHECKING, Any

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import known_services, stack_option
from stacktest.cli.output import say
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.bootstrap.update import Updater
    from stacktest.core.update.journal import Journal

NOT_KEPT = 1
"""Exit code if the old containers run again, or were not replaced because a test failed."""


@click.command()
@stack_option
@click.argument("names", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option(
    "--to",
    "images",
    metavar="SERVICE=IMAGE",
    multiple=True,
    help="Another image than the one in the files.",
)
@click.option("--pull", is_flag=True, help="Fetch what the tags name now, first.")
@click.option("--no-rehearsal", is_flag=True, help="Do not test a copy first.")
@click.option("--without-baseline", is_flag=True, help="Even where nothing proves what runs.")
@click.option("--again", is_flag=True, help="Even what was put back before.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done; change nothing.")
@click.option("--continue", "go_on", is_flag=True, help="Finish the update that is open.")
@click.option("--undo", is_flag=True, help="Put back what ran before it.")
def update(*, folder: str, go_on: bool, undo: bool, **choices: Any) -> None:
    """Replace services, and keep that only if the tests pass.

    What runs becomes what the files say; without a name every service that differs. Data is
    copied first; where a test fails, or a service does not become ready, containers and data go
    back to what they were.
    """
    from stacktest.adapters.ledger.updates import update_lock
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.update import PATIENCE, Updater
    from stacktest.reports.terminal.progress_display import ProgressLines

    if go_on and undo:
        raise UsageError("--continue and --undo exclude each other", where="--continue, --undo")
    project = find_project(folder)
    progress = ProgressLines(say)
    updater = Updater(project=project, say=say, progress=progress)
    resumes = go_on or undo
    with update_lock(project.root, patience=PATIENCE if resumes else 0) as handle:
        ended = updater.resume(handle, undo=undo) if resumes else _begin(updater, handle, choices)
    raise click.exceptions.Exit(_tell(ended, undo=undo))


# Private


def _begin(updater: "Updater", handle: int, choices: dict[str, Any]) -> "Journal | None":
    """Carry out a new update, from its plan to its end; None: nothing was replaced."""
    from stacktest.application.update_plan import UpdateRequest
    from stacktest.bootstrap.open_update import refuse_open_update
    from stacktest.core.rehearsal.settings import parse_images
    from stacktest.reports.terminal.update import plan_lines

    project, stack = updater.project, updater.project.stack
    refuse_open_update(project.root, {})
    updater.drop_expired()
    images = parse_images(choices["images"], where="--to")
    chosen = {*choices["names"], *images}
    request = UpdateRequest(
        services=known_services(stack, sorted(chosen)) if chosen else (),
        images=images,
        rehearsed=not choices["no_rehearsal"],
        without_baseline=choices["without_baseline"],
        again=choices["again"],
    )
    if not choices["only_plan"]:
        updater.fetch(request, pull=choices["pull"])
    id_ = os.urandom(3).hex()
    plan = updater.plan(request, id_)
    if plan is None:
        say("nothing to update: what runs is what the files say")
        return None
    for line in plan_lines(plan.candidates, plan.containers, plan.data):
        say(line)
    for source, part in sorted(plan.left_out.items()):
        say(f"not saved {source}: {part}")
    if choices["only_plan"]:
        return None
    rehearsal = ""
    if not choices["no_rehearsal"]:
        passed, rehearsal = updater.rehearse(plan)
        if not passed:
            say("the rehearsal did not pass: nothing that runs was touched")
            raise click.exceptions.Exit(NOT_KEPT)
    return updater.begin(plan, id_, rehearsal, handle)


def _tell(ended: "Journal | None", *, undo: bool) -> int:
    """Print how the update ended; returns the exit code."""
    from stacktest.reports.terminal.update import ended_lines

    if ended is None:
        return 0
    for line in ended_lines(ended):
        say(line)
    is_asked = ended.step == "kept" or (undo and ended.works is not False)
    return 0 if is_asked else NOT_KEPT
