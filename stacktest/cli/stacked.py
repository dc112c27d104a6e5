"""Verbs about the stack that runs: plan, up, down, doctor."""

import os
import sys
import tempfile
from pathlib import Path

import click

from stacktest.cli import completed
from stacktest.cli.options import json_option, known_services, print_json, stack_option
from stacktest.core.model import Stack
from stacktest.errors import UsageError


@click.command(context_settings={"ignore_unknown_options": True})
@stack_option
@json_option
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def plan(*, folder: str, as_json: bool, pytest_args: tuple[str, ...]) -> None:
    """Print what would be started, in which order, and why.

    PYTEST_ARGS are pytest's own: `stacktest plan -m phase5`.
    """
    from stacktest.adapters.process import run

    # A process of its own: pytest cannot rewrite the assertions of a plugin that is imported.
    argv = [sys.executable, "-m", "pytest", "--stack-dry-run", "--no-header", "-q", *pytest_args]
    argv += [f"--stack={folder}"] if folder else []
    with tempfile.TemporaryDirectory(prefix="stacktest-plan-") as place:
        file = Path(place, "plan.json")
        done = run([*argv, f"--stack-plan-file={file}"])
        if as_json and file.is_file():
            click.echo(file.read_text(encoding="utf-8"))
        else:
            click.echo(done.out, nl=False, err=as_json)
        click.echo(done.err, nl=False, err=True)
    raise click.exceptions.Exit(_OWN_CODES.get(done.code, done.code))


@click.command()
@stack_option
@json_option
def doctor(*, folder: str, as_json: bool) -> None:
    """Check engine, Compose, browser, names, CA, ports, clock, git.

    Each is ok, or comes with the fix.
    """
    from stacktest.application.doctor import examine
    from stacktest.bootstrap import context

    findings = examine(lambda: context.find_project(folder), context.now())
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            for line in finding.lines():
                click.echo(line)
    raise click.exceptions.Exit(max((finding.exit_code for finding in findings), default=0))


@click.command()
@stack_option
@click.argument(
    "names", nargs=-1, metavar="[PHASE or SERVICE]...", shell_complete=completed.services
)
def up(*, folder: str, names: tuple[str, ...]) -> None:
    """Start services and wait until they are ready; they stay up.

    Without a name all of the stack is started.
    """
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.session import start_and_keep
    from stacktest.reports.terminal.progress_display import is_lively

    project = find_project(folder)
    chosen = _services(project.stack, names)
    screen = sys.stdout if is_lively(sys.stdout, os.environ) else None
    with project.lock():
        for line in start_and_keep(project, chosen, click.echo, screen=screen):
            click.echo(line)


@click.command()
@stack_option
@click.option("--volume", "volumes", multiple=True, metavar="NAME", help="Also this volume.")
@click.argument(
    "names", nargs=-1, metavar="[PHASE or SERVICE]...", shell_complete=completed.services
)
def down(*, folder: str, volumes: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Stop what stacktest started, and nothing else.

    Volumes are removed only when they are named.
    """
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.session import take_down

    project = find_project(folder)
    chosen = _services(project.stack, names) if names else None
    with project.lock():
        for line in take_down(project, chosen, volumes):
            click.echo(line)


@click.command()
@stack_option
@json_option
@click.option("--hosts", is_flag=True, help="Print lines for /etc/hosts.")
@click.option("--serve", is_flag=True, help="Run a small DNS server for the domain.")
@click.option("--address", default="127.0.0.1", help="Where --serve listens.")
@click.option("--port", type=int, default=5354, help="Port of --serve.")
def names(*, folder: str, as_json: bool, hosts: bool, serve: bool, address: str, port: int) -> None:
    """The host names of the stack, and the service behind each."""
    from stacktest.adapters.names import NameServer, name_map, resolve_hosts_lines
    from stacktest.bootstrap.context import find_project
    from stacktest.bootstrap.session import wait_for_interrupt

    stack = find_project(folder).stack
    if as_json:
        print_json({route.host: route.service for route in stack.routes})
    elif hosts:
        for line in resolve_hosts_lines(name_map(stack)):
            click.echo(line)
    elif serve:
        server = NameServer(name_map(stack), answer_with=address)
        host, number = server.start(address, port)
        click.echo(f"serving  *.{stack.domain} on {host}:{number}, UDP and TCP  (Ctrl-C ends it)")
        wait_for_interrupt()
        server.stop()
    else:
        width = max((len(route.host) for route in stack.routes), default=0)
        for route in stack.routes:
            port_said = f":{route.port}" if route.port else ""
            behind = f"{route.service}{port_said}" if route.service else "the front door itself"
            click.echo(f"{route.host:<{width}}  {behind:<28} {route.where}")


VERBS = (plan, up, down, doctor, names)


# Private

_OWN_CODES = dict.fromkeys((2, 4, 5), UsageError.exit_code)
"""pytest's codes for what cannot be collected, for a wrong argument and for no test at all."""


def _services(stack: Stack, names: tuple[str, ...]) -> tuple[str, ...]:
    """The services that the names mean: themselves, or those of a phase's profiles."""
    phases = {phase.name: phase for phase in stack.phases}
    chosen: list[str] = []
    for name in names:
        if name in phases:
            wanted = set(phases[name].profiles)
            chosen += [n for n, service in stack.services.items() if wanted & set(service.profiles)]
        else:
            chosen += known_services(stack, [name])
    return tuple(sorted(set(chosen))) if names else tuple(sorted(stack.services))
