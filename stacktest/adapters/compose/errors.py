"""Turns what Compose says when it refuses into one message: what, where, and what to do.

    Compose says                                        stacktest says
    required variable V is missing a value              every such variable at once, with its file
    env file F not match                                which service wants it
    service "a" depends on undefined service "b"        the key
    dependency cycle detected: a -> b -> a              the circle
    yaml: line 3: …                                     the file, by trying each
    anything else                                       Compose's own last line

Values never appear: what an environment file sets is shown as `${NAME}`.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from stacktest.adapters import process
from stacktest.adapters.compose.files import included, read_env_files
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, UsageError


def explain(
    result: process.Completed, *, root: Path, files: Sequence[Path], env_files: Sequence[str]
) -> StacktestError:
    """The error for a `docker compose config` that ended badly."""
    text = masked(complaint(result), root, env_files)
    shown = ", ".join(_short(path, root) for path in files)
    for pattern, build in _TABLE:
        if match := re.search(pattern, text, re.DOTALL):
            return build(match, _Project(root, tuple(files), tuple(env_files), shown))
    return UsageError(
        f"Compose cannot load the project: {text}", where=shown, hint=f"try: {_config(files, root)}"
    )


def complaint(result: process.Completed) -> str:
    """What Compose complained about, without its warnings and progress lines."""
    lines = [line for line in result.err.splitlines() if line.strip() and not _is_noise(line)]
    return "\n".join(lines[-6:]).strip() or f"it ended with code {result.code} and said nothing"


def masked(text: str, root: Path, env_files: Sequence[str]) -> str:
    """The text with values from environment files replaced by their names."""
    values = read_env_files(root, env_files)
    for name, value in sorted(values.items(), key=lambda pair: -len(pair[1])):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"${{{name}}}")
    return text


# Private

_SHORTEST_SECRET = 4
"""Shorter values are ports and flags, and would hide half of every message."""


class _Project:
    """What an explanation may look at."""

    def __init__(
        self, root: Path, files: tuple[Path, ...], env_files: tuple[str, ...], shown: str
    ) -> None:
        self.root = root
        self.files = files
        self.env_files = env_files
        self.shown = shown

    @property
    def env_file(self) -> str:
        return self.env_files[-1] if self.env_files else ".env"


def _unset(match: re.Match[str], project: _Project) -> UsageError:
    wanted = dict(_wanted(project))
    missing = {name: why for name, why in wanted.items() if not _is_set(name, project)}
    missing.setdefault(match["name"], wanted.get(match["name"], match["why"].strip()))
    names = sorted(missing)
    listed = "; ".join(f"{name}: {missing[name]}" if missing[name] else name for name in names)
    count = "a variable has" if len(names) == 1 else f"{len(names)} variables have"
    return UsageError(
        f"{count} no value: {listed}",
        where=project.shown,
        hint=f"set {', '.join(names)} in {project.env_file} or in the environment",
    )


def _wanted(project: _Project) -> Iterator[tuple[str, str]]:
    """Variables that the files insist on (`${V:?why}`): Compose names only one, at random."""
    for path in included(project.files):
        text = path.read_text(encoding="utf-8", errors="replace")
        for match in re.finditer(r"(?<!\$)\$\{([A-Za-z_]\w*):?\?([^}\n]*)\}", text):
            yield match[1], match[2].strip()


def _is_set(name: str, project: _Project) -> bool:
    return bool(os.environ.get(name) or read_env_files(project.root, project.env_files).get(name))


def _no_env_file(match: re.Match[str], project: _Project) -> UsageError:
    path = Path(match["path"])
    users = sorted(
        name
        for file in included(project.files)
        for name, stanza in _stanzas(file)
        if path in {(file.parent / item).absolute() for item in _env_files(stanza)}
    )
    example = next(
        (
            path.parent / f"{path.name}{end}"
            for end in (".example", ".sample", ".dist")
            if (path.parent / f"{path.name}{end}").is_file()
        ),
        None,
    )
    short = _short(path, project.root)
    return UsageError(
        f"env_file {short} does not exist",
        where=f"services.{users[0]}.env_file in {project.shown}" if users else project.shown,
        hint=f"cp {_short(example, project.root)} {short}" if example else f"create {short}",
    )


def _stanzas(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    document = load_yaml(str(file))
    services = document.get("services") if isinstance(document, dict) else None
    for name, stanza in services.items() if isinstance(services, dict) else ():
        if isinstance(stanza, dict):
            yield str(name), stanza


def _env_files(stanza: dict[str, object]) -> Iterator[str]:
    listed = stanza.get("env_file") or ()
    for entry in listed if isinstance(listed, list) else [listed]:
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str):
            yield path


def _undefined_service(match: re.Match[str], project: _Project) -> UsageError:
    return UsageError(
        f"service {match['user']} depends on {match['name']}, which is not defined",
        where=f"services.{match['user']}.depends_on in {project.shown}",
        hint=f"define services.{match['name']} or remove it from depends_on",
    )


def _undefined_thing(match: re.Match[str], project: _Project) -> UsageError:
    kind, name = match["kind"], match["name"]
    return UsageError(
        f"service {match['user']} uses {kind} {name}, which is not defined",
        where=f"services.{match['user']}.{kind}s in {project.shown}",
        hint=f"define {kind}s.{name} at the top level of the file",
    )


def _circle(match: re.Match[str], project: _Project) -> UsageError:
    return UsageError(
        f"services depend on one another in a circle: {match['circle'].strip()}",
        where=f"depends_on in {project.shown}",
        hint="remove one of these depends_on entries",
    )


def _yaml(match: re.Match[str], project: _Project) -> UsageError:
    read = {path: load_yaml(str(path)) for path in included(project.files)}
    broken = [path for path, content in read.items() if isinstance(content, Unknown)]
    where = ", ".join(_short(path, project.root) for path in broken) or project.shown
    line = f":{match['line']}" if match["line"] and len(broken) <= 1 else ""
    return UsageError(
        f"the compose file is not valid YAML: {' '.join(match['why'].split())}",
        where=f"{where}{line}",
        hint="correct that line; indentation is by spaces, quotes and brackets in pairs",
    )


def _schema(match: re.Match[str], project: _Project) -> UsageError:
    path, why = Path(match["file"]), match["why"].strip()
    # The most usual mistake, in the words of Compose 2.26 and of 2.40.
    if unknown := re.fullmatch(r"(?i)additional propert(?:y|ies) (.+?)(?: is)? not allowed", why):
        why = "not allowed: " + unknown[1].replace("'", "")
    return UsageError(
        f"{match['key']}: {why}",
        where=f"{match['key']} in {_short(path, project.root)}",
        hint="correct that key; the Compose file reference lists what is allowed",
    )


def _no_image(match: re.Match[str], project: _Project) -> UsageError:
    return UsageError(
        f"service {match['user']} has neither image nor build",
        where=f"services.{match['user']} in {project.shown}",
        hint="add one of them, or name the base file too if this is an override",
    )


def _no_file(match: re.Match[str], project: _Project) -> UsageError:
    path = Path(match["path"])
    return UsageError(
        f"{_short(path, project.root)} does not exist",
        where=project.shown,
        hint="create it, or correct the `include`, `extends` or `--env-file` that names it",
    )


_TABLE = (
    (r"required variable (?P<name>\w+) is missing a value:?(?P<why>[^\n]*)", _unset),
    (r"(?:env file|couldn't find env file:?) (?P<path>\S+?)(?: not match|$)", _no_env_file),
    (
        r'service "(?P<user>[^"]+)" depends on undefined service "?(?P<name>[^":\s]+)',
        _undefined_service,
    ),
    (
        r'service "(?P<user>[^"]+)" refers to undefined (?P<kind>[a-z]+) (?P<name>[^:\s]+)',
        _undefined_thing,
    ),
    (r"dependency cycle detected: (?P<circle>[^\n]+)", _circle),
    (r"validating (?P<file>\S+): (?P<key>\S+) (?P<why>[^\n]+)", _schema),
    (r"(?:^|\n)yaml: (?:unmarshal errors:\s*)?(?:line (?P<line>\d+): )?(?P<why>.+)", _yaml),
    (r'service "(?P<user>[^"]+)" has neither an image nor a build context', _no_image),
    (r"open (?P<path>\S+): no such file or directory", _no_file),
)


def _is_noise(line: str) -> bool:
    return "level=warning" in line or bool(
        re.match(r"\s*(Container|Network|Volume|Image)\s+\S+\s+\S+(\s+[\d.]+s)?\s*$", line)
    )


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _config(files: Sequence[Path], root: Path) -> str:
    named = " ".join(f"-f {_short(path, root)}" for path in files)
    return f"docker compose {named} --profile '*' config"
