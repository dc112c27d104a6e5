"""Turns an error output of Compose into one message: what is wrong, where, and what to do.

    Compose's output                                    stacktest's message
    required variable V is missing a value              every such variable at once, with its file
    … after a warning that V is not set                 V is not set, and the key that is blank
    env file F not found                                which service names it, in which file
    service "a" depends on undefined service "b"        the key and the file
    dependency cycle detected: a -> b -> a              the cycle
    yaml: line 3: …                                     the file, found by parsing each
    Additional property p is not allowed                the key; this Compose may be too old
    anything else                                       its last line, and the key if it is known

Secrets are masked: a secret that an environment file sets is shown as `${NAME}`.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from stacktest.adapters import process
from stacktest.adapters.compose.command_line import command_options, typed_path, working_folder
from stacktest.adapters.compose.files import (
    ProjectFiles,
    absolute,
    env_files_of,
    list_files,
    references,
    shown_path,
)
from stacktest.adapters.compose.masking import masked
from stacktest.adapters.compose.unset import KEY_DEPTH, texts_of, unset_variables
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.adapters.foreign_paths import is_file
from stacktest.core.interpolation import interpolate
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, UsageError


def explain(
    result: process.Completed, *, project: ProjectFiles, version: tuple[int, ...] = ()
) -> StacktestError:
    """The error for a `docker compose config` that failed."""
    text = complaint(result)
    refusal = _Refusal(project=project, version=version)
    fault = _known_fault(text, refusal) or _other(text, refusal)
    unset = unset_variables(result.err, project)
    blank = {name: keys for name, keys in unset.items() if not fault.key or fault.key in keys}
    if blank and not fault.is_certain:
        fault = _blank(blank, refusal)
    return UsageError(
        masked(fault.what, project),
        where=masked(fault.where(project), project),
        hint=masked(fault.hint, project),
    )


def complaint(result: process.Completed) -> str:
    """The error output of Compose, without its warnings and progress lines."""
    lines = [line for line in result.err.splitlines() if line.strip() and not _is_noise(line)]
    return "\n".join(lines[-6:]).strip() or f"it ended with code {result.code} and printed nothing"


# Private


def _known_fault(text: str, refusal: "_Refusal") -> "_Fault | None":
    for pattern, build in _TABLE:
        if match := re.search(pattern, text, re.DOTALL):
            return build(match, refusal)
    return None


class _Refusal(Struct, frozen=True, kw_only=True):
    """The project and the version of Compose that a message may refer to."""

    project: ProjectFiles
    version: tuple[int, ...]

    @property
    def env_file(self) -> str:
        if self.project.env_files:
            return self.project.env_files[-1]
        return self.short(self.project.directory / ".env")

    @property
    def shown_version(self) -> str:
        return ".".join(map(str, self.version)) or "this one"

    def short(self, path: Path) -> str:
        return shown_path(path, self.project.root)

    def file_of(self, service: str) -> Path | None:
        """The first file that defines the service."""
        files = list_files(self.project)
        return next((file.path for file in files if service in file.services), None)


class _Fault(Struct, frozen=True, kw_only=True):
    what: str
    hint: str
    key: str = ""
    """The faulty key (`services.web.volumes`); empty if it is not known."""
    file: Path | None = None
    place: str = ""
    """The whole text of the place, if it is not just a key in a file."""
    is_certain: bool = False
    """Whether a variable without a value cannot be the cause."""

    def where(self, project: ProjectFiles) -> str:
        files = shown_path(self.file, project.root) if self.file else project.shown
        return self.place or (f"{self.key} in {files}" if self.key else files)


def _missing_value(match: re.Match[str], refusal: _Refusal) -> _Fault:
    required = dict(_required(refusal.project))
    value = refusal.project.value
    missing = {name: why for name, why in required.items() if not value(name)}
    missing.setdefault(match["name"], required.get(match["name"], match["why"].strip()))
    names = sorted(missing)
    listed = "; ".join(f"{name}: {missing[name]}" if missing[name] else name for name in names)
    count = "a variable has" if len(names) == 1 else f"{len(names)} variables have"
    return _Fault(
        what=f"{count} no value: {listed}",
        hint=_set_hint(names, refusal),
        is_certain=True,
    )


def _required(project: ProjectFiles) -> Iterator[tuple[str, str]]:
    """Variables that the files require (`${V:?why}`): Compose reports only one, at random."""
    for file in list_files(project):
        text = file.path.read_text(encoding="utf-8", errors="replace")
        for match in re.finditer(r"(?<!\$)\$\{([A-Za-z_]\w*):?\?([^}\n]*)\}", text):
            yield match[1], match[2].strip()


def _blank(unset: Mapping[str, tuple[str, ...]], refusal: _Refusal) -> _Fault:
    keys = dict.fromkeys(key for places in unset.values() for key in places)
    places = (_in_file(key, refusal) for key in keys)
    return _Fault(
        what=f"{', '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set",
        place=", ".join(places),
        hint=_set_hint(unset, refusal),
    )


def _set_hint(names: Iterable[str], refusal: _Refusal) -> str:
    """Where to set the values: a new checkout often has an example of the missing `.env`."""
    listed, path = ", ".join(names), absolute(refusal.project.root, refusal.env_file)
    if not is_file(path) and (copy := _copy_of_example(path)):
        return f"{copy}, then set {listed} there"
    return f"set {listed} in {refusal.env_file} or in the environment"


def _copy_of_example(path: Path) -> str:
    """The command that copies the example of an environment file; empty: there is no example."""
    here = working_folder()
    examples = (path.parent / f"{path.name}{end}" for end in (".example", ".sample", ".dist"))
    example = next(filter(is_file, examples), None)
    return shlex.join(["cp", typed_path(here, example), typed_path(here, path)]) if example else ""


def _in_file(key: str, refusal: _Refusal) -> str:
    _, _, rest = key.partition("services.")
    file = refusal.file_of(rest.partition(".")[0])
    return f"{key} in {refusal.short(file)}" if file else key


def _no_env_file(match: re.Match[str], refusal: _Refusal) -> _Fault:
    path = Path(match["path"])
    users = [
        (file, name)
        for file in list_files(refusal.project)
        for name, definition in file.services.items()
        if path in env_files_of(definition, file, refusal.project)
    ]
    return _Fault(
        what=f"env_file {refusal.short(path)} does not exist",
        key=f"services.{users[0][1]}.env_file" if users else "",
        file=users[0][0].path if users else None,
        hint=_copy_of_example(path) or f"create {typed_path(working_folder(), path)}",
        is_certain=not users,
    )


def _env_format(match: re.Match[str], refusal: _Refusal) -> _Fault:
    """An `env_file` with a `format` that this Compose does not know: `raw` needs Compose 2.30."""
    users = [
        (file.path, name)
        for file in list_files(refusal.project)
        for name, definition in file.services.items()
        if any(match["format"] in str(entry) for entry in definition.get("env_file") or ())
    ]
    return _Fault(
        what=f"env_file has format {match['format']}, which Docker Compose "
        f"{refusal.shown_version} does not know",
        key=f"services.{users[0][1]}.env_file" if users else "",
        file=users[0][0] if users else None,
        hint="update Docker Compose, or remove `format`",
        is_certain=True,
    )


def _env_syntax(match: re.Match[str], refusal: _Refusal) -> _Fault:
    """A syntax error in an environment file; the line is not shown, since it holds a value."""
    listed = (
        path
        for file in list_files(refusal.project)
        for definition in file.services.values()
        for path in env_files_of(definition, file, refusal.project)
    )
    # Without the name of the file, each one of `env_file` may have the fault.
    files = [Path(match["file"])] if match["file"] else sorted({*listed})
    file = " or ".join(map(refusal.short, files)) or "a file of env_file"
    return _Fault(
        what=f"an environment file cannot be read: {match['why']}",
        place=f"{file}:{match['line']}",
        hint="write NAME=value in a line each, with quotes in pairs",
        is_certain=True,
    )


def _undefined_service(match: re.Match[str], refusal: _Refusal) -> _Fault:
    user, name = match["user"], match["name"]
    return _Fault(
        what=f"service {user} depends on {name}, which is not defined",
        key=f"services.{user}.depends_on",
        file=refusal.file_of(user),
        hint=f"define services.{name} or remove it from depends_on",
    )


def _undefined_definition(match: re.Match[str], refusal: _Refusal) -> _Fault:
    user, kind, name = match["user"], match["kind"], match["name"]
    return _Fault(
        what=f"service {user} uses {kind} {name}, which is not defined",
        key=f"services.{user}.{kind}s",
        file=refusal.file_of(user),
        hint=f"define {kind}s.{name} at the top level of the file",
    )


def _cycle(match: re.Match[str], _refusal: _Refusal) -> _Fault:
    return _Fault(
        what=f"services depend on one another in a cycle: {match['cycle'].strip()}",
        key="depends_on",
        hint="remove one of these depends_on entries",
        is_certain=True,
    )


def _yaml(match: re.Match[str], refusal: _Refusal) -> _Fault:
    contents = {file.path: load_yaml(str(file.path)) for file in list_files(refusal.project)}
    broken = {path: text.why for path, text in contents.items() if isinstance(text, Unknown)}
    line = f":{match['line']}" if match["line"] and len(broken) <= 1 else ""
    # Compose names the line where the block begins, the other parser that of the fault.
    lines = {
        path: re.search(r"(:\d+) is not valid YAML", reason) for path, reason in broken.items()
    }
    places = (refusal.short(path) + (own[1] if own else line) for path, own in lines.items())
    where = ", ".join(places) or f"{refusal.project.shown}{line}"
    why = " ".join(match["why"].split())
    correct = "correct that line; indentation is by spaces, quotes and brackets in pairs"
    return _Fault(
        what=f"the compose file is not valid YAML: {why}",
        place=where,
        hint="save the file as UTF-8" if "UTF-8" in why else correct,
        is_certain=True,
    )


def _schema(match: re.Match[str], refusal: _Refusal) -> _Fault:
    why = match["why"].strip()
    newer = f"newer than Docker Compose {refusal.shown_version}, update Compose"
    hint = "correct that key; the Compose file reference lists what is allowed"
    if "must be one of" in why:
        hint = f"write one of these; if the value is {newer}"
    # The most frequent mistake, as Compose 2.26 and 2.40 report it.
    if unknown := re.fullmatch(r"(?i)additional propert(?:y|ies) (.+?)(?: is)? not allowed", why):
        why = "not allowed: " + unknown[1].replace("'", "")
        hint = f"correct that key; if it is {newer}"
    return _Fault(
        what=f"{match['key']}: {why}", key=match["key"], file=Path(match["file"]), hint=hint
    )


def _no_image(match: re.Match[str], refusal: _Refusal) -> _Fault:
    user = match["user"]
    return _Fault(
        what=f"service {user} has neither image nor build",
        key=f"services.{user}.image",
        file=refusal.file_of(user),
        hint="add one of them, or name the base file too if this is an override",
    )


def _not_extended(match: re.Match[str], _refusal: _Refusal) -> _Fault:
    return _Fault(
        what=f"service {match['user']} extends {match['name']}, which is not defined",
        key=f"services.{match['user']}.extends",
        file=Path(match["file"]),
        hint=f"define services.{match['name']} in {match['other'] or 'that file'}",
    )


def _no_file(match: re.Match[str], refusal: _Refusal) -> _Fault:
    path = Path(match["path"])
    files = list_files(refusal.project)
    user = next(
        (f.path for f in files if path in {target for target, _ in references(f, refusal.project)}),
        None,
    )
    return _Fault(
        what=f"{refusal.short(path)} does not exist",
        file=user,
        hint="create it, or correct the `include`, `extends` or `--env-file` that names it",
    )


def _other(text: str, refusal: _Refusal) -> _Fault:
    """Compose's own message, with the key that it names or that holds the value it names."""
    key = _key_in(text) or _key_of_value(text, refusal)
    service = key.split(".")[1] if key.startswith("services.") else ""
    return _Fault(
        what=f"Compose cannot load the project: {text}",
        key=key,
        file=refusal.file_of(service) if service else None,
        hint=f"try: {_config_command(refusal.project)}",
    )


def _config_command(project: ProjectFiles) -> str:
    options = command_options(project, working_folder())
    return shlex.join(["docker", "compose", *options, "--profile", "*", "config"])


def _key_in(text: str) -> str:
    """`services.a.image` of `… for services.a.image.` and of `'services[a].mem_limit'`."""
    match = re.search(r"services(?:\.([\w.-]+?)|\[([^\]]+)\])\.([a-z_]+)", text)
    return f"services.{match[1] or match[2]}.{match[3]}" if match else ""


def _key_of_value(text: str, refusal: _Refusal) -> str:
    """The key of the value that `Invalid hostPort: x` or `invalid spec: x: why` is about."""
    match = re.search(_INVALID, text, re.IGNORECASE)
    if match is None:
        return ""
    value = match[2].rstrip(":")
    for file in list_files(refusal.project):
        for key, written in texts_of({"services": dict(file.services)}):
            is_meant = "volumes" in key if match[1].lower() == "spec" else "ports" in key
            if is_meant and value in interpolate(written, refusal.project.value):
                return ".".join(key[:KEY_DEPTH])
    return ""


_INVALID = r"invalid (hostPort|containerPort|spec|proto|ip address|IP)\w*:? ?(\S+)"

_TABLE = (
    (r"required variable (?P<name>\w+) is missing a value:?(?P<why>[^\n]*)", _missing_value),
    (r"env file:? (?P<path>.+?)(?: not found|$)", _no_env_file),
    (r'unsupported env_file format "(?P<format>[^"]+)"', _env_format),
    (
        r'service "(?P<user>[^"]+)" depends on undefined service "?(?P<name>[^":\s]+)',
        _undefined_service,
    ),
    (
        r'service "(?P<user>[^"]+)" refers to undefined (?P<kind>[a-z]+) (?P<name>[^:\s]+)',
        _undefined_definition,
    ),
    (
        (
            r'extend service "(?P<user>.+?)" in (?P<file>\S+): '
            r'service "(?P<name>.+?)" not found(?: in )?(?P<other>\S*)'
        ),
        _not_extended,
    ),
    (
        (
            r"(?:failed to read (?P<file>\S+): )?line (?P<line>\d+): "
            r"(?P<why>unterminated quoted value|unexpected character|key cannot contain a space)"
        ),
        _env_syntax,
    ),
    (r"dependency cycle detected: (?P<cycle>[^\n]+)", _cycle),
    (r"validating (?P<file>\S+): (?P<key>\S*[^\s:]) (?P<why>[^\n]+)", _schema),
    (r"(?:^|\n)yaml: (?:unmarshal errors:\s*)?(?:line (?P<line>\d+): )?(?P<why>.+)", _yaml),
    (r'service "(?P<user>[^"]+)" has neither an image nor a build context', _no_image),
    (r"open (?P<path>\S+): no such file or directory", _no_file),
)


def _is_noise(line: str) -> bool:
    return "level=warning" in line or bool(
        re.match(r"\s*(Container|Network|Volume|Image)\s+\S+\s+\S+(\s+[\d.]+s)?\s*$", line)
    )
