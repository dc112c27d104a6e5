"""Explains why `docker compose config` does not end: it reads a pipe that no program writes to."""

from stacktest.adapters.compose.files import (
    ProjectFiles,
    env_files_of,
    list_files,
    shown_path,
)
from stacktest.adapters.foreign_paths import is_pipe
from stacktest.errors import UsageError


def explain_silence(project: ProjectFiles) -> UsageError | None:
    """The error for a `docker compose config` that did not end, if an `env_file` is a pipe."""
    for file in list_files(project):
        for name, definition in file.services.items():
            for path in filter(is_pipe, env_files_of(definition, file, project)):
                return UsageError(
                    f"env_file {shown_path(path, project.root)} is a pipe, and nobody writes to it",
                    where=f"services.{name}.env_file in {shown_path(file.path, project.root)}",
                    hint="start the program that fills it, or write a file in its place",
                )
    return None
