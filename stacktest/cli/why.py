"""The verb `why`: prints what changed since the last pass of a service."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import asked_project, json_option, known_services, stack_option
from stacktest.cli.output import print_json, say
from stacktest.core.changed_copy import replace


@click.command()
@stack_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Every name, not only the first five.")
@click.argument("service", shell_complete=complete_services)
def why(*, folder: str, as_json: bool, everything: bool, service: str) -> None:
    """Say what changed since the last pass, by name, never a value."""
    project = asked_project(folder)
    from stacktest.adapters.ledger.run_texts import read_texts
    from stacktest.bootstrap.context import now
    from stacktest.bootstrap.open_update import open_lines
    from stacktest.core.misnamed import refuse_misnamed
    from stacktest.core.records.documents import LastPass
    from stacktest.core.records.run_texts import lacks_text, texts_of_last_run
    from stacktest.reports.local_texts import judgement_with_texts
    from stacktest.reports.terminal.why import why_document, why_lines

    tests = project.collect()
    if service not in project.stack.services:
        refuse_misnamed(item for item in tests().misnamed if item.name == service)
    (name,) = known_services(project.stack, [service])
    observations = project.look()
    judgement = project.judge.judge(name, observations, tests().of_services, now(), "host")
    evidence = project.judge.evidence(name)
    history = project.ledger.history(name)[0]
    texts = read_texts(project.root)
    if lacks_text(judgement.reasons, texts.get(name, ())) and not as_json:
        note = "what its tests said is on the machine that ran them, in .stacktest/ there"
    else:
        note = ""
    shown = judgement_with_texts(judgement, texts)
    fingerprint = observations[name].fingerprint
    if isinstance(evidence.last_pass, LastPass):
        fingerprint = fingerprint.compared_with(evidence.last_pass.fingerprint.parts)
    subject = (shown, evidence, fingerprint, history)
    last = texts_of_last_run(evidence.last_run, texts.get(name, ()))
    known = last and replace(last, evidence=_typed(last.evidence))
    backup = project.judge.judge_backups(now()).get(name)
    drift = {name: observation.drift for name, observation in observations.items()}
    next_step = project.judge.local_step({name: judgement.entry.fingerprint}, drift)
    if as_json:
        print_json(why_document(*subject, next_step=next_step, backup=backup, texts=known))
        return
    most = None if everything else 5
    lines = why_lines(*subject, most=most, next_step=next_step, backup=backup, texts=known)
    for line in lines:
        say(line)
    for line in open_lines(project.root, os.environ):
        say(line)
    if note:
        say(f"text      {note}")


# Private


def _typed(pages: Mapping[str, str]) -> Mapping[str, str]:
    """Test → the path of its evidence page relative to the working folder, if it still exists."""
    from stacktest.adapters.compose.command_line import typed_path, working_folder

    here = working_folder()
    return {
        test: typed_path(here, Path(page)) for test, page in pages.items() if Path(page).is_file()
    }
