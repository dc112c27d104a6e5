"""Options that several verbs share, and the stack and services that their values name."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.bootstrap.context import Project
    from stacktest.core.model import Stack


def stack_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--stack DIR`, which every verb takes."""
    return click.option(
        "--stack", "folder", metavar="DIR", default="", help="Folder of the stack under test."
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, which every verb that prints a list takes."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )


def ledger_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--ledger DIR`, may be repeated: the stacks of a fleet in place of this folder's stack."""
    return click.option(
        "--ledger",
        "ledgers",
        metavar="DIR",
        multiple=True,
        help="Folder of a stack whose ledger is read; several: a fleet, worst first.",
    )(function)


def asked_project(folder: str) -> "Project":
    """The stack that `--stack` names; `docker compose config` runs while modules are imported."""
    from stacktest.bootstrap.prefetch import ask_compose

    compose = ask_compose(folder)
    from stacktest.bootstrap.context import find_project

    return find_project(folder, compose=compose)


def known_services(stack: "Stack", names: Iterable[str]) -> tuple[str, ...]:
    """The names, or all services if there are none; UsageError for an unknown name."""
    chosen = tuple(names)
    for name in chosen:
        if name not in stack.services:
            raise UsageError(
                f"no service {name!r} in the stack {stack.name}",
                where=str(stack.root),
                hint=_other_name(stack, name)
                or did_you_mean(name, stack.services)
                or "stacktest status lists the services",
            )
    return chosen or tuple(sorted(stack.services))


def services_of(stack: "Stack", names: Iterable[str]) -> tuple[str, ...]:
    """The services named directly or by a phase, with its profiles; all services without a name."""
    chosen = tuple(names)
    if not chosen:
        return tuple(sorted(stack.services))
    phases = {phase.name: set(phase.profiles) for phase in stack.phases}
    services: set[str] = set()
    for name in chosen:
        if name in phases:
            if not phases[name]:
                raise UsageError(
                    f"{name} has no profiles that would say which services belong to it",
                    where=f"phases.{name}.profiles",
                    hint=f"stacktest plan -m {name} lists the services that its tests need",
                )
            members = (s for s in stack.services.values() if phases[name] & set(s.profiles))
            services |= {service.name for service in members}
        else:
            services |= set(known_services(stack, [name]))
    return tuple(sorted(services))


# Private


def _other_name(stack: "Stack", name: str) -> str:
    """A hint if `name` is a host name or a container of a service; else empty."""
    route = stack.route(name.lower())
    if route and route.service in stack.services:
        return f"did you mean {route.service!r}? {name} leads to it"
    for service in stack.services.values():
        usual = f"{stack.name}-{service.name}-"
        number = name.removeprefix(usual)
        if name == service.container_name or (number != name and number.isdecimal()):
            return f"did you mean {service.name!r}? {name} is its container"
    return ""
