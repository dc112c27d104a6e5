"""The verb `fingerprint`: the parts and the digest of each service."""

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import json_option, known_services, stack_option
from stacktest.cli.output import print_json, say
from stacktest.core.unknown import Unknown


@click.command()
@stack_option
@json_option
@click.argument("services", nargs=-1, shell_complete=complete_services)
def fingerprint(*, folder: str, as_json: bool, services: tuple[str, ...]) -> None:
    """Print the parts and the digest that say what each service is."""
    from stacktest.bootstrap.context import find_project
    from stacktest.reports.terminal.left_out import left_out_document, left_out_lines

    project = find_project(folder)
    names = known_services(project.stack, services)
    observations = project.look()
    if as_json:
        documents = {name: observations[name].fingerprint for name in names}
        print_json(
            {
                name: {**each.to_json(), "left_out": left_out_document(each.left_out)}
                for name, each in documents.items()
            }
        )
        return
    width = max(len(name) for name in names)
    for name in names:
        current = observations[name].fingerprint
        digest = "unknown" if isinstance(current.digest, Unknown) else current.digest
        parts = (
            f"{part} {'unknown' if isinstance(value, Unknown) else value}"
            for part, value in current.parts.items()
        )
        say(f"{name:<{width}}  {digest:<16}  {'  '.join(parts)}")
        for part, value in current.parts.items():
            if isinstance(value, Unknown):
                say(f"{'':<{width}}  {part} is unknown: {value.why}")
        for line in left_out_lines(current.left_out):
            say(f"{'':<{width}}  {line}")
