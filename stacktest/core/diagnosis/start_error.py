"""Diagnoses a container that Compose cannot create or the engine cannot start, with its line.

wiki has an image that is not here and cannot be pulled: team/wiki:7 (compose.yaml:4)
"""

from collections.abc import Mapping, Sequence

from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, ServiceFacts, SourceLine
from stacktest.core.diagnosis.known_start_errors import (
    CREATION,
    START,
    Cause,
    command_of,
    find_cause,
)


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the service that Compose could not create."""
    if not failure.refusal:
        return None
    names = (name for name in failure.services if name in facts.stack.services)
    diagnoses = (_of(facts, name, CREATION, failure.refusal) for name in names)
    return next(filter(None, diagnoses), None)


def diagnose_service(facts: Facts, service: ServiceFacts) -> Diagnosis | None:
    """Diagnoses a container that the engine could not start."""
    return _of(facts, service.name, START, service.error)


# Private

_PULLED = frozenset({"always", "refresh", "daily", "weekly"})
"""Values of `pull_policy` with which Compose asks the registry although the image is here."""


def _of(facts: Facts, name: str, table: Sequence[Cause], text: str) -> Diagnosis | None:
    cause, values = find_cause(table, text)
    if cause is None:
        return None
    what = _what(facts, name, cause).format(**values, service=name)
    image = f": {_image(facts, name)}" if cause.key == "image" else ""
    line = _line(facts, name, cause.key, values)
    before = cause.before.format(**values, service=name)
    return Diagnosis(
        service=name,
        sentence=f"{name} {what}{image}{shown_place(line)}",
        before=f"{before} ({line.where})" if before and line else before,
        command=command_of(cause, facts.stack, name, values),
    )


def _image(facts: Facts, name: str) -> str:
    """The image and its platform: it may be here for another platform."""
    service = facts.stack.services[name]
    platform = (service.definition or {}).get("platform")
    return f"{service.image} for {platform}" if platform else service.image


def _what(facts: Facts, name: str, cause: Cause) -> str:
    """The cause's text; an image that is pulled at every start may still be on this machine."""
    policy = str((facts.stack.services[name].definition or {}).get("pull_policy") or "")
    is_pulled = policy in _PULLED or policy.startswith("every_")
    if cause.key == "image" and is_pulled:
        return f"has an image that cannot be pulled, and has to be at every start ({policy})"
    return cause.what


def _line(facts: Facts, name: str, key: str, values: Mapping[str, str]) -> SourceLine | None:
    match key:
        case "mounts":
            return _mount_line(facts, name, values["path"])
        case "networks" | "volumes":
            named = values.get("network") or values.get("volume") or ""
            return facts.lines.get(f"{key}.{_key_of(facts, key, named)}")
        case "command":
            return facts.line(name, "command") or facts.line(name, "entrypoint")
        case _:
            return facts.line(name, key)


def _mount_line(facts: Facts, name: str, path: str) -> SourceLine | None:
    """The line of the mount whose source, or else whose target, is the path."""
    mounts = facts.stack.services[name].mounts
    targets = [mount.target for mount in mounts if path in (mount.source, mount.target)]
    lines = (facts.mount_line(name, target) for target in targets)
    return next(filter(None, lines), None)


def _key_of(facts: Facts, kind: str, name: str) -> str:
    """The key under which the files define a network or a volume of this name."""
    definitions = facts.stack.definitions.get(kind) or {}
    return next((k for k, d in definitions.items() if (d or {}).get("name", k) == name), name)
