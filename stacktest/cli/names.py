"""The verb `names`: host names and the service behind each."""

import threading
from contextlib import suppress

import click

from stacktest.cli.options import json_option, print_json, stack_option


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
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        server.stop()
    else:
        width = max((len(route.host) for route in stack.routes), default=0)
        for route in stack.routes:
            port_text = f":{route.port}" if route.port else ""
            behind = f"{route.service}{port_text}" if route.service else "the front door itself"
            click.echo(f"{route.host:<{width}}  {behind:<28} {route.where}")
