"""The options of `docker compose` with which a person selects this project from their folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from stacktest.adapters.compose.files import ProjectFiles


def command_options(
    project: ProjectFiles, folder: Path, *, name: str | None = None
) -> tuple[str, ...]:
    """Options for a command typed in `folder`; empty if Compose finds the project by itself."""
    options = list(_options(project, folder))
    return (*options, "--project-name", name) if name else tuple(options)


def working_folder() -> Path:
    """The current folder as the shell names it (`PWD`): a symbolic link is not resolved."""
    folder = os.environ.get("PWD", "")
    try:
        if folder and os.path.samefile(folder, "."):  # noqa: PTH121 - `.` is compared as it is
            return Path(folder)
    except OSError:
        pass
    return Path.cwd()


def typed_path(folder: Path, path: Path) -> str:
    """The path for a command typed in the folder: relative unless that is longer."""
    relative = os.path.relpath(path, folder)
    return min(relative, str(path), key=len)


# Private


def _options(project: ProjectFiles, folder: Path) -> Iterator[str]:
    is_here = folder == project.root
    is_found = project.origin != "stack.compose"
    env_files = project.env_files if "COMPOSE_ENV_FILES" not in project.environ else ()
    if is_found and project.origin == "COMPOSE_FILE" and not is_here and not env_files:
        # Compose reads the `.env` of the stack's folder only if it is started there.
        env_files = tuple(name for name in (".env",) if (project.root / name).is_file())
    for env_file in env_files:
        yield from ("--env-file", typed_path(folder, project.root / env_file))
    if project.origin == "default":
        if not is_here or project.directory != project.root:
            yield from ("--project-directory", typed_path(folder, project.directory))
        return
    if is_found and is_here:
        return
    for path in project.paths:
        yield from ("-f", typed_path(folder, path))
    if project.directory != project.paths[0].parent:
        yield from ("--project-directory", typed_path(folder, project.directory))
