"""The verb `merge`: join the shards of a run to one verdict."""

from pathlib import Path

import click

from stacktest.cli.options import stack_option
from stacktest.cli.output import say
from stacktest.cli.terminal import terminal_width


@click.command()
@stack_option
@click.argument(
    "places",
    metavar="DIR [DIR]...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
def merge(*, folder: str, places: tuple[Path, ...]) -> None:
    """Join the shards of a run to the verdict of one run.

    Reads the records that pytest --stack-shard leaves in reports/shards, anywhere below DIR; writes
    records and status, and tells the channels. 1: a test failed; 11: the shards are not one run,
    each fault is named, and nothing is recorded.
    """
    import os

    from stacktest.application.notify import current_status
    from stacktest.application.shards import conclude
    from stacktest.bootstrap.context import find_project, now
    from stacktest.bootstrap.open_update import refuse_open_update
    from stacktest.bootstrap.session import keep_times
    from stacktest.bootstrap.shards import checkout_of, join_shards
    from stacktest.reports.terminal.run import WIDE, summary_lines

    project = find_project(folder)
    refuse_open_update(project.root, os.environ)
    run = join_shards(places, checkout_of(project))
    lines = project.notifier.begin()
    summary = conclude(run, project.judge, project.ledger, project.lock(), now)
    lines += summary_lines(summary, project.stack, terminal_width() or WIDE)
    keep_times(project.ledger, summary)
    lines += project.notifier.tell(current_status(project.judge, summary.judgements, now()))
    for line in lines:
        say(line)
    if summary.trouble is not None:
        raise summary.trouble
    raise click.exceptions.Exit(1 if summary.has_failed else 0)
