"""The configuration as lines `section.key = value`, on request with the origin of each value."""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import asdict

from stacktest.config import Config
from stacktest.core.backups.backup import Backup
from stacktest.core.browser_endpoint import read_endpoint
from stacktest.core.json_data import Json


def config_lines(config: Config, *, with_origin: bool) -> Iterator[str]:
    """One line per value, in the order of the file's sections."""
    rows = list(_rows(config))
    width = min(60, max((len(f"{key} = {value}") for key, value in rows), default=0))
    for key, value in rows:
        text = f"{key} = {value}"
        yield f"{text:<{width}}  {config.origins.get(key, 'default')}" if with_origin else text


def config_document(config: Config) -> Json:
    """The configuration as a JSON document: key → value and origin."""
    return {
        key: {"value": value, "origin": config.origins.get(key, "default")}
        for key, value in _rows(config)
    }


# Private


def _rows(config: Config) -> Iterator[tuple[str, str]]:
    for section in ("stack", "freshness", "gate"):
        yield from _flat(section, getattr(config, section))
    for phase in config.phases:
        yield f"phases.{phase.name}", f"{phase.title} {list(phase.profiles)}"
    for name, service in config.services.items():
        for key, value in _flat(f"services.{name}", service):
            if key in config.origins:
                yield key, value
    if config.browser.endpoint:
        yield "browser.endpoint", read_endpoint(config.browser.endpoint).shown
    for item in config.exempt:
        covered = ", ".join(item.states)
        yield f"exempt.{item.service}", f"{covered} until {item.until}: {item.reason}"
    for channel in config.notify:
        yield f"notify.{channel.kind}", f"address from {channel.url_env}"


def _flat(prefix: str, section: Struct) -> Iterator[tuple[str, str]]:
    for key, value in asdict(section).items():
        yield f"{prefix}.{key}", _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, Backup):
        return ", ".join(f"{key} {_shown(part)}" for key, part in asdict(value).items() if part)
    plain = list(value) if isinstance(value, tuple) else value
    return str(dict(plain) if isinstance(plain, Mapping) else plain)
