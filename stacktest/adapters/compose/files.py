"""Which files make up a compose project: named, by `COMPOSE_FILE`, or found as Compose finds them.

Order: `stack.compose` of `stacktest.toml` > `COMPOSE_FILE` of the environment > of the environment
files > the first usual name in the folder, with its override. `included` adds what those files
`include` and `extends`, as far as the paths can be told without resolving variables.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stacktest.adapters.compose.yaml import load_yaml
from stacktest.core.model import Json
from stacktest.errors import UsageError

USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


def find_files(
    root: Path, named: Sequence[str], env_files: Sequence[str], environ: Mapping[str, str]
) -> tuple[Path, ...]:
    """The project's files, absolute, each known to exist; UsageError when there is none."""
    if named:
        return tuple(_existing(root, name, "stacktest.toml:stack.compose") for name in named)
    dotenv = read_env_files(root, env_files)
    listed = environ.get("COMPOSE_FILE") or dotenv.get("COMPOSE_FILE", "")
    if listed:
        separator = environ.get("COMPOSE_PATH_SEPARATOR") or dotenv.get("COMPOSE_PATH_SEPARATOR")
        names = listed.split(separator or os.pathsep)
        return tuple(_existing(root, name, "COMPOSE_FILE") for name in names if name)
    first = next((root / name for name in USUAL if (root / name).is_file()), None)
    if first is None:
        raise UsageError(
            "no compose file here",
            where=str(root),
            hint=f"add {USUAL[0]}, or name the stack's folder: --stack DIR",
        )
    override = next((root / name for name in OVERRIDES if (root / name).is_file()), None)
    return (first, override) if override else (first,)


def included(files: Sequence[Path]) -> tuple[Path, ...]:
    """The files and, after each, what it includes or extends; a path with a variable is not."""
    paths: list[Path] = []

    def visit(path: Path) -> None:
        if path in paths or not path.is_file():
            return
        paths.append(path)
        for other in _references(path):
            visit(other)

    for path in files:
        visit(path)
    return tuple(paths)


def read_env_files(root: Path, env_files: Sequence[str]) -> dict[str, str]:
    """Names and values of the environment files that Compose interpolates from (`.env`).

    Good for finding a name; Compose itself expands values, so these are not used as values.
    """
    values: dict[str, str] = {}
    for name in env_files or (".env",):
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            # Compose reports an environment file that is named but missing; `.env` may be missing.
            continue
        for line in text.splitlines():
            key, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and key.strip().isidentifier():
                values[key.strip()] = value.strip().strip("'\"")
    return values


# Private


def _existing(root: Path, name: str, where: str) -> Path:
    path = (root / name).expanduser().absolute()
    if not path.is_file():
        raise UsageError(
            f"compose file {name} does not exist", where=where, hint=f"looked for {path}"
        )
    return path


def _references(path: Path) -> Iterator[Path]:
    document = load_yaml(str(path))
    if not isinstance(document, dict):
        return
    for name in (*_includes(document), *_extends(document)):
        if "$" not in name:
            yield (path.parent / name).absolute()


def _includes(document: Json) -> Iterator[str]:
    for entry in document.get("include") or ():
        paths = entry.get("path") if isinstance(entry, dict) else entry
        yield from [paths] if isinstance(paths, str) else paths or ()


def _extends(document: Json) -> Iterator[str]:
    services = document.get("services")
    for stanza in services.values() if isinstance(services, dict) else ():
        extends = stanza.get("extends") if isinstance(stanza, dict) else None
        if isinstance(extends, dict) and isinstance(extends.get("file"), str):
            yield extends["file"]
