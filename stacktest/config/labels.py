"""Merges compose labels `stacktest.*` into the configuration."""

from typing import TYPE_CHECKING, Any

from stacktest.config.durations import required_duration
from stacktest.config.sections import Config
from stacktest.core.changed_copy import replace

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


# Private


def _label_value(key: str, label: str, where: str) -> Any:
    if key == "uses":
        return tuple(part.strip() for part in label.split(",") if part.strip())
    return required_duration(label, where) if key == "timeout" else label
