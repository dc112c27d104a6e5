"""What is certain about a restart loop: for how long it has lasted, and whether waiting can end it.

A loop may have begun before the bring-up. Its time counts from when all else was there: what it may
have waited for is no older than the last start of another container. The engine's pauses, which
double with every restart, show how much of that time the loop has taken.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain

from stacktest.adapters.engine.port import EnginePort
from stacktest.core.json_data import Json
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import pause_before_restart
from stacktest.core.refused_configuration import refused_configuration
from stacktest.core.timestamps import parse
from stacktest.core.unknown import Unknown

LINES = 20


def seconds_of_loop(engine: EnginePort, loop: Container, others: Iterable[Container]) -> float:
    """Seconds for which it has surely restarted while all the others were there; 0 if in doubt."""
    own, *documents = (engine.inspect(container.id) for container in (loop, *others))
    with suppress(ValueError, LookupError):
        begins = [_of(own, "Created"), *map(_begin, documents)]
        pauses = sum(pause_before_restart(n, 0.0) for n in range(1, loop.restart_count))
        last_attempt = _of(own, "StartedAt")
        return max(0.0, min(pauses, (last_attempt - max(begins)).total_seconds()))
    return 0.0


def running_for(engine: EnginePort, container: Container) -> float:
    """Seconds since its last start by the engine's clock; 0 if that is not known."""
    with suppress(ValueError, LookupError):
        age = parse(engine.info().get("SystemTime")) - parse(container.started_at)
        return max(0.0, age.total_seconds())
    return 0.0


def refusal_of(engine: EnginePort, stack: Stack, ended: Container) -> str:
    """The message by which the program refused its configuration at its last start, or empty.

    Also empty if another service may write the files that the message is about.
    """
    try:
        begun = (parse(ended.started_at) - _BEFORE).timestamp()
    except ValueError:
        return ""
    log = engine.logs(ended.id, tail=LINES, since=begun)
    message = "" if isinstance(log, Unknown) else refused_configuration(log.splitlines())
    return "" if message and _is_shared(stack, ended.service, message) else message


# Private

_BEFORE = timedelta(seconds=0.05)
"""A program may write before the engine notes its start, at least 0.1 s after its last end."""
_PATH = re.compile(r"(?<![\w.])/[\w.-]+(?:/[\w.-]+)*")


def _begin(document: Json | Unknown) -> datetime:
    """Time from which on it was there: its last start, or its creation if it restarts, too."""
    is_loop = not isinstance(document, Unknown) and document["State"]["Status"] == "restarting"
    return _of(document, "Created" if is_loop else "StartedAt")


def _of(document: Json | Unknown, key: str) -> datetime:
    """A time of a container; a ValueError if it cannot be read."""
    return parse("" if isinstance(document, Unknown) else {**document, **document["State"]}[key])


def _is_shared(stack: Stack, name: str, message: str) -> bool:
    """Whether another service may write files of a mount that the message, or none of it, names."""
    paths = _PATH.findall(message)
    mounts = [
        mount
        for mount in stack.services[name].mounts
        if not paths or any(_is_below(path, mount.target) for path in paths)
    ]
    others = (service for service in stack.services.values() if service.name != name)
    written = list(chain.from_iterable(map(_written, others)))
    return any(_overlap(own, other) for own in mounts for other in written)


def _written(service: Service) -> Iterable[Mount]:
    return (mount for mount in service.mounts if mount.source and not mount.read_only)


def _overlap(own: Mount, other: Mount) -> bool:
    pair = (own.source, other.source)
    return own.kind == other.kind and (_is_below(*pair) or _is_below(*pair[::-1]))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
