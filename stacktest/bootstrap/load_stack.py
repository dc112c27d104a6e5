"""Loads the stack once, from configuration, compose model, labels and routes."""

import os
from pathlib import Path

from stacktest import config as configuration
from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.command_line import working_folder
from stacktest.adapters.routes import read_routes
from stacktest.adapters.secret_sources import declared_secrets
from stacktest.bootstrap.orchestrator import network_names
from stacktest.config import Config
from stacktest.config.discovery import find_stack
from stacktest.config.sections import StackSection
from stacktest.core.changed_copy import replace
from stacktest.core.denied_egress import deny_egress
from stacktest.core.hostnames import to_ascii
from stacktest.core.model import Stack
from stacktest.core.route import Route
from stacktest.errors import UsageError


def load_stack(settings: Config, compose: Compose) -> tuple[Config, Stack]:
    """The configuration with values from compose labels, and the stack that it describes.

    `settings` is the configuration from its file and the environment. Entries about what the
    compose model lacks are left out, and listed in `misnamed` of the configuration.
    """
    model = compose.model()
    merged = configuration.merge_labels(settings, model)
    config = configuration.without_unknown_names(merged, model)
    services = {
        name: replace(service, uses=config.service(name).uses)
        for name, service in model.services.items()
    }
    stack = replace(
        model,
        services=services,
        phases=config.phases,
        domain=to_ascii(settings.stack.domain),
        front_door=settings.stack.front_door,
        context=settings.stack.context,
        network_names=network_names(settings, model),
    )
    section = settings.stack
    routes = read_routes(section.routes, stack, hosts=section.hosts, goes_on=True)
    # Host names are compared as A-labels, whatever their source.
    ascii_routes = tuple(replace(route, host=_ascii_host(route)) for route in routes)
    stack = replace(stack, routes=ascii_routes)
    if settings.stack.egress == "deny":
        _refuse_ways_around(settings.stack)
        stack = deny_egress(stack)
    secrets = declared_secrets(stack, config, compose.project_files)
    return config, replace(stack, secrets=secrets, far_folder=_far_folder(stack.root))


# Private


def _far_folder(root: Path) -> str:
    """The stack's folder for commands; empty if the working folder already leads to the stack."""
    try:
        near = find_stack(option="", environ=os.environ, folder=working_folder())
    except UsageError:
        near = None
    return "" if near and near.resolve() == root.resolve() else str(root)


def _refuse_ways_around(section: StackSection) -> None:
    """Refuse settings that lead to published ports: with `egress = "deny"` there are none."""
    for key, value in (("door", section.door), ("nameserver", section.nameserver)):
        if value:
            raise UsageError(
                f'`{key}` leads to published ports, and with `egress = "deny"` there are none',
                where=f"stacktest.toml:stack.{key}",
                hint=f"take `egress` away, or `{key}`",
            )


def _ascii_host(route: Route) -> str:
    is_name = route.has_name and not route.host.startswith("~")
    return to_ascii(route.host) if is_name else route.host
