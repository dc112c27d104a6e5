"""Finds the files of a compose project: named, by `COMPOSE_FILE`, or by their default names.

Order: `stack.compose` of `stacktest.toml` > `COMPOSE_FILE` of the environment > of the environment
files > the first default name in the folder, with its override.

Relative paths in all of these files start at the project directory: the configured one, else the
folder of the first file. The `.env` of that folder is read. Where `COMPOSE_FILE` names the files,
the `.env` of the stack's folder is read as well, and overrides it. With `COMPOSE_DISABLE_ENV_FILE`
neither is read.
"""

import dataclasses
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.compose.env_files import read_env_files
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.adapters.foreign_paths import is_file
from stacktest.core.interpolation import interpolate
from stacktest.core.json_data import Json
from stacktest.errors import UsageError

USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
ENV_FILE = ".env"
_NO_ENV_FILE = "COMPOSE_DISABLE_ENV_FILE"
_TRUE = frozenset({"1", "t", "true"})
_MOST_FOLDERS = 3
_SEPARATORS = (os.pathsep, "|", ",", "\n")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFiles:
    """The files of a compose project, with the environment files and variables for Compose."""

    root: Path
    """The folder that Compose is started in."""
    paths: tuple[Path, ...]
    """The compose files, absolute, in Compose's order; each is known to exist."""
    directory: Path
    """The folder that relative paths in all compose files start from."""
    origin: str = "default"
    """How the files were found: `stack.compose`, `COMPOSE_FILE` or `default`."""
    env_files: tuple[str, ...] = ()
    """Environment files by the names that were given; empty: the default `.env`."""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """The variables that the environment files set."""
    environ: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    naming: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """The variables of the `.env` that sets `COMPOSE_FILE`; they join Compose's environment."""

    def value(self, name: str) -> str | None:
        """The value of a variable in compose files: of the environment, else of the files."""
        return self.environ.get(name, self.values.get(name))

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that `COMPOSE_PROFILES` switches on."""
        listed = (self.value("COMPOSE_PROFILES") or "").split(",")
        return tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))

    @property
    def shown(self) -> str:
        """The compose files for messages, relative to the stack's folder if they are inside it."""
        return ", ".join(shown_path(path, self.root) for path in self.paths)


def find_project_files(
    root: Path,
    named: Sequence[str],
    env_files: Sequence[str],
    environ: Mapping[str, str],
    *,
    directory: str = "",
) -> ProjectFiles:
    """The files of the project in `root`; UsageError when there is none or one is missing."""
    env_files = tuple(env_files) or _split(environ.get("COMPOSE_ENV_FILES", ""), ",")
    usual = () if environ.get(_NO_ENV_FILE, "").lower() in _TRUE else (ENV_FILE,)
    beside = read_env_files([root / name for name in env_files or usual], environ)
    listed = environ.get("COMPOSE_FILE") or beside.get("COMPOSE_FILE", "")
    if named:
        paths, origin = _named(root, named, "stacktest.toml:stack.compose"), "stack.compose"
    elif listed:
        separator = environ.get("COMPOSE_PATH_SEPARATOR") or beside.get("COMPOSE_PATH_SEPARATOR")
        paths = _named(root, _split(listed, separator or os.pathsep), "COMPOSE_FILE")
        origin = "COMPOSE_FILE"
    else:
        paths, origin = _usual(root / directory), "default"
    folder = absolute(root, directory) if directory else paths[0].parent
    values = dict(beside) if origin == "COMPOSE_FILE" or env_files else {}
    if not env_files:
        values = read_env_files([folder / name for name in usual], {**values, **environ}) | values
    return ProjectFiles(
        root=root,
        paths=paths,
        directory=folder,
        origin=origin,
        env_files=env_files,
        values=values,
        environ=environ,
        naming=beside if origin == "COMPOSE_FILE" and not environ.get("COMPOSE_FILE") else {},
    )


class ComposeFile(Struct, frozen=True, kw_only=True):
    """One file of a project: named, included or extended."""

    path: Path
    folder: Path
    """The folder that relative paths in the file start from."""

    @property
    def services(self) -> Mapping[str, Json]:
        """The definitions of services as the file writes them; empty if it cannot be parsed."""
        document = load_yaml(str(self.path))
        services = document.get("services") if isinstance(document, dict) else None
        if not isinstance(services, dict):
            return {}
        return {str(name): item for name, item in services.items() if isinstance(item, dict)}


def list_files(project: ProjectFiles) -> tuple[ComposeFile, ...]:
    """The project's files, each followed by the files that it includes or extends."""
    files: dict[Path, ComposeFile] = {}

    def visit(path: Path, folder: Path) -> None:
        if path in files or not is_file(path):
            return
        files[path] = ComposeFile(path=path, folder=folder)
        for other, inner in references(files[path], project):
            visit(other, inner)

    for path in project.paths:
        visit(path, project.directory)
    return tuple(files.values())


def references(file: ComposeFile, project: ProjectFiles) -> Iterator[tuple[Path, Path]]:
    """Files that a compose file includes or extends, each with the base folder of its paths."""
    if names_no_file(file.path):
        return
    document = load_yaml(str(file.path))
    for name, directory in _includes(document) if isinstance(document, dict) else ():
        target = absolute(file.folder, interpolate(name, project.value))
        inner = interpolate(directory, project.value)
        yield target, absolute(file.folder, inner) if inner else target.parent
    for name in _extends(file.services):
        target = absolute(file.folder, interpolate(name, project.value))
        yield target, target.parent


def names_no_file(path: Path) -> bool:
    """Whether a compose file certainly neither includes nor extends another; it is not parsed.

    True if it holds neither word, and no backslash or other encoding that could hide one.
    """
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return not any(part in text for part in (b"include", b"extends", b"\\", b"\0"))


def environment_of(project: ProjectFiles, *more: str) -> dict[str, str]:
    """The environment for Compose: `PWD`, and `COMPOSE_FILE` if it names the files.

    Compose names a project without a name after its folder, a linked folder by the link's name.
    Files of `COMPOSE_FILE` are passed by that variable, since Compose reads another `.env` for
    files that options name; the other variables of that `.env` are passed too, since Compose does
    not read it if the variable is set.
    """
    environment = {**project.naming, **project.environ, "PWD": str(project.root)}
    if project.origin == "COMPOSE_FILE":
        names = [*map(str, project.paths), *more]
        separator = next(sign for sign in _SEPARATORS if not any(sign in name for name in names))
        environment |= {"COMPOSE_FILE": separator.join(names), "COMPOSE_PATH_SEPARATOR": separator}
    return environment


def file_options(project: ProjectFiles, *more: str) -> list[str]:
    """The options that name the project's files to Compose, unless `COMPOSE_FILE` does."""
    if project.origin == "COMPOSE_FILE":
        return []
    return [part for name in (*map(str, project.paths), *more) for part in ("--file", name)]


def shown_path(path: Path, root: Path) -> str:
    """The path for messages: relative to the stack's folder if it is inside it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def env_files_of(
    definition: Mapping[str, object], file: ComposeFile, project: ProjectFiles
) -> Iterator[Path]:
    """The paths of `env_file` of one service, as one file defines it."""
    listed = definition.get("env_file") or ()
    for entry in listed if isinstance(listed, list) else [listed]:
        name = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(name, str):
            yield absolute(file.folder, interpolate(name, project.value))


# Private


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(separator) if name.strip())


def stack_options(folder: Path, files: Iterable[str] = USUAL) -> str:
    """`--stack a or --stack b`: the subfolders that hold one of the files; empty: none does."""
    names = tuple(files)
    try:
        below = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return ""
    stacks = [path.name for path in below if any(is_file(path / name) for name in names)]
    return " or ".join(f"--stack {shlex.quote(name)}" for name in stacks[:_MOST_FOLDERS])


def _stack_above(folder: Path) -> str:
    """`--stack ../..`: the nearest parent folder that holds a compose file; empty: none does."""
    above = (path for path in folder.parents if any(is_file(path / name) for name in USUAL))
    nearest = next(above, None)
    return f"--stack {shlex.quote(os.path.relpath(nearest, folder))}" if nearest else ""


def absolute(root: Path, name: str) -> Path:
    """The absolute path of a name relative to `root`; `..` is resolved as text, as in Compose."""
    return Path(os.path.abspath(root / Path(name).expanduser()))  # noqa: PTH100 - links stay


def _named(root: Path, names: Sequence[str], where: str) -> tuple[Path, ...]:
    return tuple(_existing(root, name, where) for name in names)


def _existing(root: Path, name: str, where: str) -> Path:
    path = absolute(root, name)
    if not is_file(path):
        raise UsageError(
            f"compose file {name} does not exist", where=where, hint=f"looked for {path}"
        )
    return path


def _usual(folder: Path) -> tuple[Path, ...]:
    first = next((folder / name for name in USUAL if (folder / name).is_file()), None)
    if first is None:
        raise UsageError(
            "no compose file here",
            where=str(folder),
            hint=stack_options(folder)
            or _stack_above(folder)
            or f"add {USUAL[0]}, or name the stack's folder: --stack DIR",
        )
    override = next((folder / name for name in OVERRIDES if (folder / name).is_file()), None)
    return (first, override) if override else (first,)


def _includes(document: Json) -> Iterator[tuple[str, str]]:
    entries = document.get("include")
    for entry in entries if isinstance(entries, list) else ():
        paths = entry.get("path") if isinstance(entry, dict) else entry
        listed = [paths] if isinstance(paths, str) else paths or ()
        names = [name for name in listed if isinstance(name, str) and "://" not in name]
        directory = str(entry.get("project_directory") or "") if isinstance(entry, dict) else ""
        for name in names:
            # The paths of all of them start from the folder of the first.
            yield name, directory or str(Path(names[0]).parent)


def _extends(services: Mapping[str, Json]) -> Iterator[str]:
    for definition in services.values():
        extends = definition.get("extends")
        if isinstance(extends, dict) and isinstance(extends.get("file"), str):
            yield extends["file"]
