"""Reads `stacktest.toml` into a frozen `Config`; every error names its key and similar names.

Precedence: command line > `STACKTEST_*` > file > compose labels `stacktest.*` > defaults. The shape
is checked against `schemas/config.v1.schema.json`, which `stacktest config schema` prints.
The environment and the options are arguments: this module reads nothing but the file.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from stacktest.config.discovery import inline_table, read_toml
from stacktest.config.durations import required_duration, required_size
from stacktest.config.sections import (
    FILE_NAME,
    BrowserSection,
    Channel,
    Config,
    FreshnessSection,
    GateSection,
    Person,
    RehearsalSection,
    ServiceSection,
    StackSection,
    UpdateSection,
)
from stacktest.config.shape import surely_fits
from stacktest.core.backups.backup import Backup, mistakes
from stacktest.core.changed_copy import replace
from stacktest.core.phase import Phase
from stacktest.core.records.exemption import Exemption
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError


def load(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
    draft: str = "",
) -> Config:
    """The configuration of the stack in `root`; a `UsageError` names the file and the key.

    `draft` is the text of a `stacktest.toml` not yet written, used if there is no configuration.
    """
    own, project = root / FILE_NAME, root / "pyproject.toml"
    inline = inline_table(root)
    if own.is_file() and inline:
        raise UsageError(
            "two configurations in one folder",
            where=f"{own} and {project}:tool.stacktest",
            hint="keep one of them; they are never merged",
        )
    file = str(own) if own.is_file() else f"{project}:tool.stacktest" if inline else ""
    data = _plain(read_toml(own) if own.is_file() else inline or tomllib.loads(draft))
    _check_shape(data, file)
    config = _build(root, file, data)
    config = _overlay(config, environ or {}, lambda key: f"STACKTEST_{key.upper()}")
    return _overlay(config, options or {}, lambda key: f"--{key.replace('_', '-')}")


def schema_text() -> str:
    """The JSON Schema of `stacktest.toml`."""
    packaged, source = (
        Path(__file__).parents[levels] / "schemas" / "config.v1.schema.json" for levels in (1, 2)
    )
    return (packaged if packaged.is_file() else source).read_text(encoding="utf-8")


# Private


def _plain(value: Any) -> Any:
    """TOML values as JSON values: dates become ISO text, as the JSON Schema expects."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _check_shape(data: Mapping[str, Any], file: str) -> None:
    if not data:
        return
    schema = json.loads(schema_text())
    if surely_fits(data, schema):
        return
    import jsonschema

    checker = jsonschema.FormatChecker(formats=["date"])
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    errors = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path)))
    if errors:
        raise _shape_error(errors[0], file)


def _shape_error(error: Any, file: str) -> UsageError:
    key = ".".join(map(str, error.path))
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = min(set(error.instance) - set(known))
        where = f"{file}:{key}.{unknown}" if key else f"{file}:{unknown}"
        hint = did_you_mean(unknown, known) or f"known here: {', '.join(sorted(known))}"
        return UsageError(f"unknown key {unknown!r}", where=where, hint=hint)
    hint = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    if error.validator == "enum":
        choices = error.validator_value
        hint = did_you_mean(str(error.instance), choices) or f"one of: {', '.join(choices)}"
    if error.validator == "pattern" and hint:
        message = f"{error.instance!r} is not a valid value"
    else:
        message = error.message
    return UsageError(message, where=f"{file}:{key}", hint=hint)


def _build(root: Path, file: str, data: Mapping[str, Any]) -> Config:
    origins = {
        f"{section}.{key}": file
        for section, table in data.items()
        if isinstance(table, dict)
        for key in table
        if section != "services"
    }
    services = data.get("services", {})
    origins |= {f"services.{name}.{key}": file for name in services for key in services[name]}
    freshness = dict(data.get("freshness", {}))
    if "max_age" in freshness:
        freshness["max_age"] = required_duration(freshness["max_age"], f"{file}:freshness.max_age")
    rehearsal = dict(data.get("rehearsal", {}))
    if "max_copy" in rehearsal:
        rehearsal["max_copy"] = required_size(rehearsal["max_copy"], f"{file}:rehearsal.max_copy")
    update = dict(data.get("update", {}))
    if "keep" in update:
        update["keep"] = required_duration(update["keep"], f"{file}:update.keep")
    return Config(
        root=root,
        file=file,
        stack=StackSection(**_tuples(data.get("stack", {}))),
        phases=tuple(
            Phase(name=name, **_tuples(table)) for name, table in data.get("phases", {}).items()
        ),
        services={
            name: _service(table, f"{file}:services.{name}") for name, table in services.items()
        },
        people={role: Person(**table) for role, table in data.get("people", {}).items()},
        freshness=FreshnessSection(**_tuples(freshness)),
        gate=GateSection(**_tuples(data.get("gate", {}))),
        rehearsal=RehearsalSection(**rehearsal),
        update=UpdateSection(**update),
        browser=BrowserSection(**data.get("browser", {})),
        exempt=tuple(
            Exemption(**_tuples({**item, "until": dt.date.fromisoformat(item["until"])}))
            for item in data.get("exempt", [])
        ),
        notify=tuple(Channel(**item) for item in data.get("notify", [])),
        origins=origins,
    )


def _service(table: Mapping[str, Any], where: str) -> ServiceSection:
    values = _tuples(table)
    if "timeout" in values:
        values["timeout"] = required_duration(values["timeout"], f"{where}.timeout")
    if "backup" in values:
        values["backup"] = _backup(values["backup"], f"{where}.backup")
    return ServiceSection(**values)


def _backup(table: Mapping[str, Any], where: str) -> Backup:
    values = _tuples(table)
    if "max_age" in values:
        values["max_age"] = required_duration(values["max_age"], f"{where}.max_age")
    backup = Backup(**values)
    for key, problem, hint in mistakes(backup):
        raise UsageError(problem, where=f"{where}.{key}", hint=hint)
    return backup


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}


def _overlay(config: Config, values: Mapping[str, str], name: Callable[[str], str]) -> Config:
    """`config` with the keys of `[stack]` and of `[browser]` that `values` sets.

    In `values` a key of `[stack]` is `name(key)`, a key of `[browser]` `name("browser_" + key)`.
    """
    stack, from_stack = _set_keys("stack", StackSection(), values, name)
    browser, from_browser = _set_keys(
        "browser", BrowserSection(), values, lambda key: name(f"browser_{key}")
    )
    return replace(
        config,
        stack=replace(config.stack, **stack),
        browser=replace(config.browser, **browser),
        origins={**config.origins, **from_stack, **from_browser},
    )


def _set_keys(
    section: str,
    default: StackSection | BrowserSection,
    values: Mapping[str, str],
    name: Callable[[str], str],
) -> tuple[dict[str, Any], dict[str, str]]:
    """The scalar and list keys of a section that `values` sets, and the origin of each."""
    overrides: dict[str, Any] = {}
    origins = {}
    for key, before in asdict(default).items():
        text = values.get(name(key))
        if not text or key == "hosts":
            continue
        is_list = isinstance(before, tuple)
        value = text.split(",") if is_list else text
        _check_shape({section: {key: value}}, name(key))
        overrides[key] = tuple(value) if is_list else text
        origins[f"{section}.{key}"] = name(key)
    return overrides, origins
