"""Masks secrets in Compose's output while there is no model that tells which values are secret.

These count as secrets: variables of environment files and of the shell whose names are a secret's,
values of environment files that look like a key (letters and digits mixed, 12 characters and more),
and values of a compose file at places that hold secrets. All other values stay, since a message
needs them: a folder, a host name, the name of a service.
"""

import re
from collections.abc import Iterator

from stacktest.adapters.compose.env_files import read_env_file
from stacktest.adapters.compose.files import ProjectFiles, absolute, list_files
from stacktest.core.interpolation import interpolate
from stacktest.core.redaction import redact_named
from stacktest.core.secret_names import is_secret_name
from stacktest.core.secret_text import secrets_in
from stacktest.core.secrets import is_common

_RANDOM = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9+=_-]{12,}")


def masked(text: str, project: ProjectFiles) -> str:
    """The text with secrets masked; the value of a variable is replaced by the variable's name."""
    names = {name for file in list_files(project) for name in file.services}
    secrets = {value: "" for value in _written(project) if not is_common(value)}
    secrets |= dict(_of_variables(project))
    return redact_named(text, {v: name for v, name in secrets.items() if v not in names})


# Private


def _of_variables(project: ProjectFiles) -> Iterator[tuple[str, str]]:
    """Secret values of variables, each with the variable's name."""
    for name, value in project.environ.items():
        if is_secret_name(name) and not is_common(value):
            yield value, name
    for name, value in project.values.items():
        if is_secret_name(name) or _RANDOM.fullmatch(value):
            yield value, name


def _written(project: ProjectFiles) -> Iterator[str]:
    """Values at places that hold secrets, in compose files and in the `env_file` of services."""
    for file in list_files(project):
        try:
            yield from secrets_in(file.path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        for definition in file.services.values():
            listed = definition.get("env_file") or ()
            for entry in listed if isinstance(listed, list) else [listed]:
                name = entry.get("path") if isinstance(entry, dict) else entry
                if isinstance(name, str):
                    path = absolute(file.folder, interpolate(name, project.value))
                    values = read_env_file(path, project.environ).items()
                    yield from (value for key, value in values if is_secret_name(key))
