"""Makes the Compose commands that make drifted containers match the files.

| what differs                                | commands                                           |
|---------------------------------------------|----------------------------------------------------|
| a mounted file alone                        | `restart`; of an nginx at the front door, its      |
|                                             | files are checked first                            |
| what the image is built from                | `up -d --build`; after a build that used its cache |
|                                             | `build --no-cache` and `up -d`                     |
| what another service builds                 | `build` of that service, then `up -d`              |
| the image, which is not here                | `pull`, then `up -d`                               |
| a paused container alone                    | `unpause`                                          |
| what Compose detects                        | `up -d`                                            |
| anything else                               | `up -d --force-recreate`                           |

Steps of several services are merged by their words, so that one command clears them all.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from stacktest.core.compose_command import compose_command, configuration_check
from stacktest.core.freshness.reasons import CACHED, IMAGE_OF, Reason
from stacktest.core.model import Stack

APPLIED_BY_UP = frozenset({"absent", "command", "entrypoint", "env", "image", "mount"})
"""Kinds of drift that `docker compose up` detects and mends by a new container."""


class Step(Struct, frozen=True, kw_only=True):
    """One Compose command."""

    words: tuple[str, ...]
    services: tuple[str, ...]
    check: str = ""
    """A command that has to succeed first; empty: none."""


def steps_to_apply(stack: Stack, service: str, reasons: Sequence[Reason]) -> Iterator[Step]:
    """The commands, in their order, for a service that drifted for these reasons."""
    kinds, own = {reason.kind for reason in reasons}, (service,)
    is_built = service in stack.services and stack.services[service].build is not None
    build = ("--build",) if is_built else ()
    if others := [r.subject.removeprefix(IMAGE_OF) for r in reasons if _is_of_another(r)]:
        yield Step(words=("build",), services=tuple(others))
        yield Step(words=("up", "-d", *build), services=own)
    elif any(reason.kind == "unbuilt" and reason.note == CACHED for reason in reasons):
        yield Step(words=("build", "--no-cache"), services=own)
        yield Step(words=("up", "-d"), services=own)
    elif "unbuilt" in kinds:
        yield Step(words=("up", "-d", "--build"), services=own)
    elif kinds == {"stale"}:
        yield Step(words=("restart",), services=own, check=configuration_check(stack, service))
    elif not is_built and any(reason.endswith(" is not here") for reason in reasons):
        # `up` alone would say less of a tag that the registry lacks, too.
        yield Step(words=("pull",), services=own)
        yield Step(words=("up", "-d"), services=own)
    elif kinds == {"container"} and _states(reasons) == {"paused"}:
        yield Step(words=("unpause",), services=own)
    elif kinds and kinds <= APPLIED_BY_UP | {"container"} and _states(reasons) <= _ENDED:
        yield Step(words=("up", "-d"), services=own)
    else:
        yield Step(words=("up", "-d", *build, "--force-recreate"), services=own)


def merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same commands with all services in each: images first, restarts last."""
    services: dict[tuple[tuple[str, ...], str], dict[str, None]] = {}
    for step in sorted(steps, key=lambda step: (_ORDER.index(step.words[0]), step.words)):
        services.setdefault((step.words, step.check), {}).update(dict.fromkeys(step.services))
    return tuple(
        Step(words=words, services=tuple(sorted(names)), check=check)
        for (words, check), names in services.items()
    )


def typed_steps(stack: Stack, steps: Iterable[Step]) -> str:
    """The commands in one line."""
    lines = [
        text
        for step in steps
        for text in (step.check, compose_command(stack, *step.words, services=step.services))
        if text
    ]
    return " && ".join(lines)


# Private

_ORDER = ("build", "pull", "up", "unpause", "restart")
_ENDED = frozenset({"exited", "dead", "created"})
"""States of a container that a start clears."""


def _states(reasons: Iterable[Reason]) -> set[str]:
    return {r.subject.partition(" ")[0] for r in reasons if r.kind == "container"}


def _is_of_another(reason: Reason) -> bool:
    return reason.kind == "unbuilt" and reason.subject.startswith(IMAGE_OF)
