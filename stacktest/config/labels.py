"""Merges compose labels `stacktest.*` into the configuration, and checks its names."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stacktest.config.durations import required_duration
from stacktest.config.sections import Config
from stacktest.core.changed_copy import replace
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.core.model import Stack


def merge_labels(config: Config, stack: "Stack") -> Config:
    """`config` with labels `stacktest.uses|ready|timeout` for keys that the file does not set."""
    services, origins = dict(config.services), dict(config.origins)
    for name, service in stack.services.items():
        values: dict[str, Any] = {}
        for key in ("uses", "ready", "timeout"):
            label = service.labels.get(f"stacktest.{key}")
            if label is None or f"services.{name}.{key}" in config.origins:
                continue
            where = f"label stacktest.{key} of service {name}"
            values[key] = _label_value(key, label, where)
            origins[f"services.{name}.{key}"] = where
        if values:
            services[name] = replace(config.service(name), **values)
    return replace(config, services=services, origins=origins)


def check_names(config: Config, stack: "Stack") -> None:
    """Raise a `UsageError` for the first name in `config` that is not in the compose model."""
    services = set(stack.services)
    profiles = {profile for service in stack.services.values() for profile in service.profiles}
    for key, name in _mentioned_services(config):
        _known(name, services, kind="service", where=f"{config.file or config.root}:{key}")
    for phase in config.phases:
        for profile in phase.profiles:
            where = f"{config.file}:phases.{phase.name}.profiles"
            _known(profile, profiles, kind="profile", where=where)
    for name in config.freshness.must_run:
        where = f"{config.file}:freshness.must_run"
        _known(name, services | profiles, kind="service or profile", where=where)


# Private


def _label_value(key: str, label: str, where: str) -> Any:
    if key == "uses":
        return tuple(part.strip() for part in label.split(",") if part.strip())
    return required_duration(label, where) if key == "timeout" else label


def _mentioned_services(config: Config) -> Iterator[tuple[str, str]]:
    if config.stack.front_door:
        yield "stack.front_door", config.stack.front_door
    for name, section in config.services.items():
        yield f"services.{name}", name
        yield from ((f"services.{name}.uses", used) for used in section.uses)
    yield from ((f"exempt[{i}].service", item.service) for i, item in enumerate(config.exempt))


def _known(name: str, names: set[str], *, kind: str, where: str) -> None:
    if name not in names:
        hint = did_you_mean(name, names) or f"known: {', '.join(sorted(names)[:12])}"
        raise UsageError(f"no {kind} {name!r} in the compose model", where=where, hint=hint)
