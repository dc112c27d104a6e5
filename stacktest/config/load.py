"""`stacktest.toml` → a frozen `Config`; every error names its key and the near misses.

Precedence: command line > `STACKTEST_*` > file > compose labels `stacktest.*` > defaults. The shape
is checked against `schemas/config.v1.schema.json`, which `stacktest config schema` prints.
The environment and the options are arguments: this module reads nothing but the file.
"""

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from stacktest.core.freshness.states import State
from stacktest.core.model import Phase, Stack
from stacktest.core.records.status import Exemption
from stacktest.errors import UsageError

FILE_NAME = "stacktest.toml"
DAY = 86400.0
DENIED = tuple(state.value for state in State if state is not State.FUNCTIONAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class StackSection:
    """`[stack]`: where the stack's parts are, relative to its folder."""

    domain: str = ""
    front_door: str = ""
    routes: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name → `service` or `service:port`, for front doors that stacktest cannot read."""
    ca: str = ""
    compose: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    ledger: str = "data/tests"
    status: str = "docs/_data/status.json"
    pages: str = "docs/spokes/{service}.md"
    allow_hosts: tuple[str, ...] = ()
    """Host names outside the stack that tests may reach; every other one is refused."""
    identity: str = ""
    """What evidence calls this stack; empty: the engine that it runs on."""
    nameserver: str = ""
    """`ADDRESS` or `ADDRESS:PORT` of a real DNS server that knows the stack's names."""
    probe_image: str = ""
    """Image of the short-lived relay that reaches services where the host has no route."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSection:
    """`[services.NAME]`: what compose does not say about one service."""

    uses: tuple[str, ...] = ()
    ready: str = ""
    timeout: float = 120.0
    """Seconds until a service that is not ready counts as a failed start."""
    config: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    reload: str = ""
    """`live` when the program reads its mounted files without a restart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """`[people.ROLE]`: a sign-in name and where its password comes from."""

    user: str
    password_env: str = ""
    password_file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshnessSection:
    """`[freshness]`: how old a pass may be (seconds), and what must run."""

    max_age: float = 7 * DAY
    must_run: tuple[str, ...] = ()
    doc_on: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSection:
    """`[gate]`: the states that close the gate."""

    deny: tuple[str, ...] = DENIED


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """`[[notify]]`: who is told what changed; addresses and tokens are in the environment."""

    kind: Literal["webhook", "ntfy", "apprise", "gatus", "kuma", "healthchecks"]
    url_env: str
    token_env: str = ""
    group: str = ""
    each: str = "service"

    @property
    def name(self) -> str:
        """How it is called in what a person reads."""
        return f"{self.kind} ({self.url_env})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Everything that a user can set, with the defaults filled in."""

    root: Path
    """The stack's folder."""
    file: str = ""
    """The file that was read, or empty when there is none."""
    stack: StackSection = field(default_factory=StackSection)
    phases: tuple[Phase, ...] = ()
    services: Mapping[str, ServiceSection] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    freshness: FreshnessSection = field(default_factory=FreshnessSection)
    gate: GateSection = field(default_factory=GateSection)
    exempt: tuple[Exemption, ...] = ()
    notify: tuple[Channel, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    """`section.key` → where its value came from; a key that is not listed has its default."""

    def service(self, name: str) -> ServiceSection:
        """The section of a service, or the defaults."""
        return self.services.get(name, ServiceSection())


def find_stack(
    *, option: str, environ: Mapping[str, str], folder: Path, rootdir: Path | None = None
) -> Path | None:
    """The stack's folder, or None: option > `STACKTEST_STACK` > nearest file upward > rootdir's.

    A folder that is named but does not exist is a `UsageError`.
    """
    named = {"--stack": option, "STACKTEST_STACK": environ.get("STACKTEST_STACK", "")}
    for where, name in named.items():
        if name:
            return _existing(folder / name, where)
    parents = (folder, *folder.parents)
    for parent in parents:
        if (parent / FILE_NAME).is_file() or _inline(parent):
            return parent
    for parent in (rootdir, *parents) if rootdir else parents:
        pointer = _pyproject(parent).get("stack")
        if isinstance(pointer, str):
            return _existing(parent / pointer, f"{parent / 'pyproject.toml'}:tool.stacktest.stack")
    return None


def load(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Config:
    """The configuration of the stack in `root`; a `UsageError` names the file and the key."""
    own, project = root / FILE_NAME, root / "pyproject.toml"
    inline = _inline(root)
    if own.is_file() and inline:
        raise UsageError(
            "two configurations in one folder",
            where=f"{own} and {project}:tool.stacktest",
            hint="keep one of them; they are never merged",
        )
    file = str(own) if own.is_file() else f"{project}:tool.stacktest" if inline else ""
    data = _plain(_toml(own) if own.is_file() else inline)
    _check_shape(data, file)
    config = _build(root, file, data)
    config = _overlay(config, environ or {}, lambda key: f"STACKTEST_{key.upper()}")
    return _overlay(config, options or {}, lambda key: f"--{key.replace('_', '-')}")


def merge_labels(config: Config, stack: Stack) -> Config:
    """`config` plus the compose labels `stacktest.uses|ready|timeout`, where the file is silent."""
    services, origins = dict(config.services), dict(config.origins)
    for name, service in stack.services.items():
        said: dict[str, Any] = {}
        for key in ("uses", "ready", "timeout"):
            label = service.labels.get(f"stacktest.{key}")
            if label is None or f"services.{name}.{key}" in config.origins:
                continue
            where = f"label stacktest.{key} of service {name}"
            said[key] = _label_value(key, label, where)
            origins[f"services.{name}.{key}"] = where
        if said:
            services[name] = replace(config.service(name), **said)
    return replace(config, services=services, origins=origins)


def check_names(config: Config, stack: Stack) -> None:
    """Raise a `UsageError` for the first name in `config` that the compose model does not know."""
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


def seconds(text: str, where: str) -> float:
    """Seconds of a duration such as `90s`, `15m`, `2h` or `7d`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if match is None:
        raise UsageError(f"{text!r} is no duration", where=where, hint="write 90s, 15m, 2h or 7d")
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": DAY}[match[2]]


def near_misses(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or empty when nothing is close."""
    close = get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


def schema_text() -> str:
    """The JSON Schema of `stacktest.toml`."""
    packaged = files("stacktest") / "schemas" / "config.v1.schema.json"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    source = Path(__file__).parents[2] / "schemas" / "config.v1.schema.json"
    return source.read_text(encoding="utf-8")


# Private


def _existing(path: Path, where: str) -> Path:
    if not path.is_dir():
        raise UsageError(
            f"no folder {str(path)!r}", where=where, hint="name the folder of the compose file"
        )
    return path.resolve()


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", where=str(path)) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _pyproject(folder: Path) -> dict[str, Any]:
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}
    table = _toml(path).get("tool", {}).get("stacktest", {})
    return table if isinstance(table, dict) else {}


def _inline(folder: Path) -> dict[str, Any]:
    """`[tool.stacktest]` when it configures a stack here, not when it points to one elsewhere."""
    table = _pyproject(folder)
    return {} if isinstance(table.get("stack"), str) else table


def _plain(value: Any) -> Any:
    """TOML values as JSON has them: dates become ISO text, so that one schema serves."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _check_shape(data: Mapping[str, Any], file: str) -> None:
    if not data:
        return
    import jsonschema

    schema = json.loads(schema_text())
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
        hint = near_misses(unknown, known) or f"known here: {', '.join(sorted(known))}"
        return UsageError(f"unknown key {unknown!r}", where=where, hint=hint)
    hint = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    if error.validator == "enum":
        choices = error.validator_value
        hint = near_misses(str(error.instance), choices) or f"one of: {', '.join(choices)}"
    return UsageError(error.message, where=f"{file}:{key}", hint=hint)


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
        freshness["max_age"] = seconds(freshness["max_age"], f"{file}:freshness.max_age")
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
        values["timeout"] = seconds(values["timeout"], f"{where}.timeout")
    return ServiceSection(**values)


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}


def _overlay(config: Config, values: Mapping[str, str], name: Any) -> Config:
    """`config` with the scalar and list keys of `[stack]` that `values` sets under `name(key)`."""
    said: dict[str, Any] = {}
    origins = dict(config.origins)
    for item in fields(StackSection):
        text = values.get(name(item.name))
        if not text or item.name == "hosts":
            continue
        is_list = isinstance(getattr(StackSection(), item.name), tuple)
        said[item.name] = tuple(text.split(",")) if is_list else text
        origins[f"stack.{item.name}"] = name(item.name)
    return replace(config, stack=replace(config.stack, **said), origins=origins) if said else config


def _label_value(key: str, label: str, where: str) -> Any:
    if key == "uses":
        return tuple(part.strip() for part in label.split(",") if part.strip())
    return seconds(label, where) if key == "timeout" else label


def _mentioned_services(config: Config) -> Iterable[tuple[str, str]]:
    if config.stack.front_door:
        yield "stack.front_door", config.stack.front_door
    for name, section in config.services.items():
        yield f"services.{name}", name
        yield from ((f"services.{name}.uses", used) for used in section.uses)
    yield from ((f"exempt[{i}].service", item.service) for i, item in enumerate(config.exempt))


def _known(name: str, names: set[str], *, kind: str, where: str) -> None:
    if name not in names:
        hint = near_misses(name, names) or f"known: {', '.join(sorted(names)[:12])}"
        raise UsageError(f"no {kind} {name!r} in the compose model", where=where, hint=hint)
