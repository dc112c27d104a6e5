"""The verb `record`: records actions on a service's page as a suite."""

from pathlib import Path

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import known_services, stack_option
from stacktest.cli.output import say


@click.command()
@stack_option
@click.option("--path", metavar="PATH", default="/", help="Page of the service to begin with.")
@click.option("--output", metavar="FILE", default="", help="File to write; it must not exist.")
@click.argument("service", shell_complete=complete_services)
def record(*, folder: str, path: str, output: str, service: str) -> None:
    """Record what you do on a service's page as a test.

    Passwords that are typed do not reach the file.
    """
    from stacktest.application.record import record_service
    from stacktest.bootstrap.context import find_project

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    written = record_service(project, name, path=path, output=Path(output) if output else None)
    suite, file = written.suite, _shown(written.file)
    say(f"wrote    {file}")
    for role in suite.missing:
        say(f"missing  a password was typed: write [people.{role}] with user and password_env")
    for field in suite.kept:
        say(f"kept     the text typed into {field} is in the file, unmasked")
    if not suite.has_check:
        say("missing  a check: say what has to be seen at the end, where the file says pytest.fail")
    say(f"next     pytest {file}")


# Private


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
