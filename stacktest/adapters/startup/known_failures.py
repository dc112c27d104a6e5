"""The usual causes why Compose cannot create, or the engine cannot start, a container.

Both have many words for the same cause. A row recognises one cause by a pattern, words it once and
gives the next command; `{service}` and the pattern's named groups are filled in. What matches no
row is passed on unchanged.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stacktest.core.diagnosis.taken_port import OF_A_CONTAINER, OF_A_PROGRAM


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause: how to recognise it, how to say it after the service's name, what to do."""

    pattern: str
    what: str
    hint: str


CREATION: Sequence[Cause] = (
    Cause(
        r"healthcheck\.start_interval as feature require (?P<engine>Docker Engine)",
        "has healthcheck.start_interval, which engine {engine} does not know: 25 is the first",
        "remove services.{service}.healthcheck.start_interval, or update the engine",
    ),
    Cause(
        r"unable to prepare context: path \"(?P<path>[^\"]+)\" not found",
        "cannot be built: its build context {path} does not exist",
        "create {path}, or correct services.{service}.build.context",
    ),
    Cause(
        r"failed to solve|failed to read dockerfile|failed to build|ERROR \[",
        "cannot be built",
        "docker compose build --progress plain {service}",
    ),
    Cause(
        r"network (?P<network>\S+) (?:declared as external, but could not be found|not found)",
        "needs the external network {network}, which does not exist",
        "docker network create {network}",
    ),
    Cause(
        r"external volume \"(?P<volume>[^\"]+)\" not found",
        "needs the external volume {volume}, which does not exist",
        "docker volume create {volume}",
    ),
    Cause(
        r"bind source path does not exist: (?P<path>\S+)",
        "mounts {path}, which does not exist",
        "create {path}, or correct the mount in services.{service}",
    ),
    Cause(
        r"container name \"/?(?P<name>[^\"]+)\" is already in use",
        "wants the container name {name}, which another container has",
        "docker ps --all --filter name={name}",
    ),
    Cause(
        r"pool overlaps with other one on this address space",
        "needs a network whose addresses overlap with another network",
        "docker network ls, then change the subnet of one of them",
    ),
    Cause(
        r"cannot connect to the docker daemon",
        "could not be created: the container engine does not answer",
        "stacktest doctor",
    ),
    Cause(
        r"pull access denied|manifest for|manifest unknown|failed to resolve reference"
        r"|repository does not exist|no such image|error getting credentials|dial tcp|lookup ",
        "has an image that is not here and cannot be pulled",
        "docker compose pull {service}, or build it: docker compose build {service}",
    ),
)

START: Sequence[Cause] = (
    Cause(
        OF_A_CONTAINER,
        "wants port {port}, which another container has",
        "docker ps --filter publish={port}",
    ),
    Cause(
        OF_A_PROGRAM,
        "wants port {port}, which a program on this machine has",
        "ss -ltunp 'sport = :{port}'",
    ),
    Cause(
        r"exec: \"?(?P<command>[^\":]+)\"?: (?:executable file not found|stat .*no such file"
        r"|no such file or directory|(?:is a directory: )?permission denied)",
        "has a command that cannot be run: {command}",
        "correct command or entrypoint in services.{service}",
    ),
    Cause(
        r"network (?P<network>\S+) not found",
        "is tied to a network that is gone: {network}",
        "docker compose rm --force {service}, then start again",
    ),
    Cause(
        r"(?:error mounting|invalid mount(?! config for type)[^\"]*"
        r"|bind source path does not exist:?) "
        r"\"?(?P<path>[^\s\"]*)",
        "has a mount that cannot be made: {path}",
        "check the paths in services.{service}.volumes",
    ),
)


def find_cause(table: Sequence[Cause], text: str) -> tuple[Cause | None, Mapping[str, str]]:
    """The first cause that matches the text, and the values of its named groups."""
    for cause in table:
        if match := re.search(cause.pattern, text, re.IGNORECASE | re.DOTALL):
            return cause, {key: value or "" for key, value in match.groupdict().items()}
    return None, {}
