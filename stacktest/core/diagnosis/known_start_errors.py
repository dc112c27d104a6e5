"""The usual causes why Compose cannot create, or the engine cannot start, a container.

Both have many messages for the same cause. A row recognises a cause by a pattern, has one wording
for it and says what to do; `{service}` and the pattern's named groups are filled in. A message that
matches no row is passed on unchanged.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from msgspec import Struct

from stacktest.core.compose_command import compose_prefix, docker_prefix
from stacktest.core.diagnosis.taken_port import OF_A_CONTAINER, OF_A_PROGRAM
from stacktest.core.model import Stack


class Cause(Struct, frozen=True, kw_only=True):
    """A cause: the pattern to recognise it, its clause after the service's name, what to do."""

    pattern: str
    what: str
    command: str
    """A shell command that works when it is pasted."""
    before: str = ""
    """What a person has to do before the command, where a command cannot."""
    key: str = ""
    """The key of the service definition, or of the file, that asks for it."""


_NO_CONTAINER = Cause(
    # An id is that of the container itself, which somebody removed.
    pattern=r"no such container: (?![0-9a-f]{64})(?P<container>\S+)",
    what="joins the container {container}, which does not exist",
    before="start the container {container}, or correct its name in services.{service}",
    command="docker compose up -d {service}",
    key="network_mode",
)

CREATION: Sequence[Cause] = (
    _NO_CONTAINER,
    Cause(
        pattern=r"healthcheck\.start_interval as feature require Docker Engine",
        what="has healthcheck.start_interval, which this engine does not know: 25 is the first",
        before="remove services.{service}.healthcheck.start_interval, or update the engine",
        command="docker compose up -d {service}",
        key="healthcheck.start_interval",
    ),
    Cause(
        pattern=r"unable to prepare context: path \"(?P<path>[^\"]+)\" not found",
        what="cannot be built: its build context {path} does not exist",
        before="create {path}, or correct services.{service}.build.context",
        command="docker compose build {service}",
        key="build.context",
    ),
    Cause(
        pattern=r"failed to read dockerfile: open (?:\S*/)?(?P<file>[^/\s]+): no such file",
        what="cannot be built: its Dockerfile {file} does not exist",
        before="write {file}, or correct services.{service}.build.dockerfile",
        command="docker compose build {service}",
        key="build",
    ),
    Cause(
        pattern=r"failed to solve|failed to read dockerfile|failed to build|ERROR \[",
        what="cannot be built",
        command="docker compose build --progress plain {service}",
        key="build",
    ),
    Cause(
        pattern=r"network (?P<network>\S+) "
        r"(?:declared as external, but could not be found|not found)",
        what="needs the external network {network}, which does not exist",
        command="docker network create {network}",
        key="networks",
    ),
    Cause(
        pattern=r"external volume \"(?P<volume>[^\"]+)\" not found",
        what="needs the external volume {volume}, which does not exist",
        command="docker volume create {volume}",
        key="volumes",
    ),
    Cause(
        pattern=r"bind source path does not exist: (?P<path>\S+)",
        what="mounts {path}, which does not exist",
        before="create {path}, or correct the mount in services.{service}",
        command="docker compose up -d {service}",
        key="mounts",
    ),
    Cause(
        pattern=r"container name \"/?(?P<name>[^\"]+)\" is already in use",
        what="wants the container name {name}, which another container has",
        command="docker ps --all --filter name={name}",
        key="container_name",
    ),
    Cause(
        pattern=r"conflicting options: port exposing and the container type network mode",
        what="exposes a port, which the engine refuses in the network of another container",
        before="remove services.{service}.expose and .ports",
        command="docker compose up -d {service}",
        key="expose",
    ),
    Cause(
        pattern=r"pool overlaps with other one on this address space",
        what="needs a network whose addresses overlap with another network",
        command="docker network ls",
    ),
    Cause(
        pattern=r"cannot connect to the docker daemon",
        what="could not be created: the container engine does not answer",
        command="stacktest doctor",
    ),
    Cause(
        pattern=r"pull access denied|manifest for|manifest unknown|failed to resolve reference"
        r"|repository does not exist|no such image|error getting credentials|dial tcp|lookup ",
        what="has an image that is not here and cannot be pulled",
        before="correct the image, or build it",
        command="docker compose up -d {service}",
        key="image",
    ),
)

START: Sequence[Cause] = (
    _NO_CONTAINER,
    Cause(
        pattern=r"cannot join .{1,40} of a non[ -]running container: (?P<container>[\w-]{12})",
        what="joins the container {container}, which does not run",
        command="docker start {container}",
        key="network_mode",
    ),
    Cause(
        pattern=r"listen (?:tcp|udp)\d? (?P<address>\[[^\]]+\]|[^\s:]+):(?P<port>\d+): "
        r"bind: cannot assign requested address"
        r"|failed to bind host port for (?P<address2>\[[^\]]+\]|[^\s:]+):(?P<port2>\d+)\S*: "
        r"(?:bind: )?cannot assign requested address",
        what="publishes port {port}{port2} at {address}{address2}, which this machine "
        "does not have",
        before="correct the address in services.{service}.ports",
        command="docker compose up -d {service}",
        key="ports",
    ),
    Cause(
        pattern=OF_A_CONTAINER,
        what="wants port {port}, which another container has",
        command="docker ps --filter publish={port}",
        key="ports",
    ),
    Cause(
        pattern=OF_A_PROGRAM,
        what="wants port {port}, which a program on this machine has",
        command="ss -ltunp 'sport = :{port}'",
        key="ports",
    ),
    Cause(
        pattern=r"exec: \"?(?P<command>[^\":]+)\"?: permission denied",
        what="has a command that cannot be run: {command}",
        before="make {command} executable (chmod +x), or correct command or entrypoint in "
        "services.{service}",
        command="docker compose up -d {service}",
        key="command",
    ),
    Cause(
        pattern=r"exec: \"?(?P<command>[^\":]+)\"?: (?:executable file not found"
        r"|stat .*no such file|no such file or directory|is a directory: permission denied)",
        what="has a command that cannot be run: {command}",
        before="correct command or entrypoint in services.{service}",
        command="docker compose up -d {service}",
        key="command",
    ),
    Cause(
        pattern=r"network (?P<network>[0-9a-f]{12}(?=[0-9a-f]{52})|\S+)\S* not found",
        what="is tied to a network that is gone: {network}",
        command="docker compose up -d --force-recreate {service}",
    ),
    Cause(
        pattern=r"(?:error mounting|invalid mount(?! config for type)[^\"]*"
        r"|bind source path does not exist:?) "
        r"\"?(?P<path>[^\s\"]*)",
        what="has a mount that cannot be made: {path}",
        before="check the paths in services.{service}.volumes",
        command="docker compose up -d {service}",
        key="mounts",
    ),
)


def find_cause(table: Sequence[Cause], text: str) -> tuple[Cause | None, Mapping[str, str]]:
    """The first cause that matches the text, and the values of its named groups."""
    for cause in table:
        if match := re.search(cause.pattern, text, re.IGNORECASE | re.DOTALL):
            return cause, {key: value or "" for key, value in match.groupdict().items()}
    return None, {}


def command_of(cause: Cause, stack: Stack, service: str, values: Mapping[str, str]) -> str:
    """The cause's command, with the docker options that select this stack; empty for a copy."""
    command = cause.command.format(**values, service=service).strip()
    if stack.copy and command.startswith("docker compose"):
        return ""
    compose = compose_prefix(stack, [service] if service else ())
    command = re.sub(r"^docker compose\b", lambda _: compose, command)
    docker = shlex.join(docker_prefix(stack))
    return (
        command if command.startswith(docker) else re.sub(r"^docker\b", lambda _: docker, command)
    )


def hint_of(cause: Cause, stack: Stack, service: str, values: Mapping[str, str]) -> str:
    """What to do, as one line."""
    before = cause.before.format(**values, service=service)
    return ", then: ".join(filter(None, (before, command_of(cause, stack, service, values))))
