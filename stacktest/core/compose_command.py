"""The `docker compose` command for one stack, with every option that a person has to type."""

import re
import shlex
from collections.abc import Iterable, Mapping

from stacktest.core.model import Stack
from stacktest.core.nginx_templates import template_folder


def compose_command(stack: Stack, *words: str, services: Iterable[str] = ()) -> str:
    """`docker compose [options] WORDS SERVICES`, with the files and profiles that they need.

    If another program than Compose runs the services: that program's command for the verb. Empty
    for a copy: it is removed before a person reads this, and the files describe another project.
    """
    if stack.copy:
        return ""
    names = tuple(services)
    if words[:1] == ("logs",) and names and all(_keeps_no_log(stack, name) for name in names):
        # Its output is shown only to who is attached while it runs.
        return compose_command(stack, "up", services=names)
    if words and (template := stack.own_commands.get(words[0])):
        full_names = shlex.join(f"{stack.name}_{name}" for name in names)
        return template.format(services=shlex.join(names), full_names=full_names).strip()
    return " ".join((compose_prefix(stack, names), shlex.join((*words, *names)))).strip()


def configuration_check(stack: Stack, service: str) -> str:
    """The command by which nginx at the front door reads its files in a container of its own.

    nginx ends where a file is wrong or an upstream has no address, and every host name with it: it
    is not restarted then. Empty for other programs, for another main file, and for templates, which
    only a start fills in.
    """
    door = stack.services.get(service)
    if door is None or service != stack.front_door or not _NGINX.search(door.image):
        return ""
    has_templates = any(item.target.startswith(template_folder(door)) for item in door.mounts)
    if has_templates or "-c" in (door.command or ()):
        return ""
    words = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "nginx")
    return "" if stack.own_commands else f"{compose_command(stack, *words, services=[service])} -t"


def log_command(stack: Stack, service: str, *, is_temporary: bool) -> str:
    """The command that shows the log of an ended service; a temporary one is started again first.

    `docker compose run` could show another fault, since it starts the service without its
    dependencies, name and ports. `stacktest down` removes the containers of `stacktest up`.
    """
    logs = compose_command(stack, "logs", *([] if is_temporary else _LAST), services=[service])
    if _keeps_no_log(stack, service):
        return logs
    return f"stacktest up {shlex.quote(service)}; {logs}" if logs and is_temporary else logs


def compose_prefix(stack: Stack, services: Iterable[str] = ()) -> str:
    """`docker compose [options]`, to be followed by a verb and its services."""
    options = [*stack.compose_options]
    for profile in needed_profiles(stack, services):
        options += ["--profile", profile]
    return shlex.join([*docker_prefix(stack), "compose", *options])


def docker_prefix(stack: Stack) -> tuple[str, ...]:
    """`docker`, with `--context` if the stack names a context."""
    return ("docker", "--context", stack.context) if stack.context else ("docker",)


def docker_command(stack: Stack, *words: str) -> str:
    """`docker WORDS` on the stack's engine."""
    return shlex.join([*docker_prefix(stack), *words])


def needed_profiles(stack: Stack, services: Iterable[str]) -> tuple[str, ...]:
    """Profiles to switch on, so that Compose knows the services and what they depend on."""
    profiles: dict[str, None] = {}
    todo, visited = [*services], set[str]()
    while todo:
        name = todo.pop(0)
        if name in visited or name not in stack.services:
            continue
        visited.add(name)
        service = stack.services[name]
        if not stack.is_enabled(name) and not set(service.profiles) & set(profiles):
            profiles[service.profiles[0]] = None
        todo += [dependency.service for dependency in service.depends_on]
    return tuple(profiles)


# Private


_NGINX = re.compile(r"(?:^|/)nginx(?:-unprivileged)?(?:[:@]|$)")


def _keeps_no_log(stack: Stack, service: str) -> bool:
    """Whether the engine discards the output of the service: `logging: {driver: none}`."""
    definition = stack.services[service].definition if service in stack.services else None
    logging = definition.get("logging") if isinstance(definition, Mapping) else None
    return isinstance(logging, Mapping) and logging.get("driver") == "none"


_LAST = ("--tail", "20")
"""Of a container that ran for months."""
