"""Reads from Compose the values of variables that `configs:` and `secrets:` name.

`docker compose config` prints `environment: NAME` and not the value of NAME. A one-service project
on standard input that passes the names on makes Compose resolve them as for the real project, from
the same `.env` files and the same shell, so that the rules are not repeated here.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stacktest.adapters import process
from stacktest.adapters.compose.json_config import read_config
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


def read_variables(
    directory: Path,
    names: Iterable[str],
    env_files: Sequence[str] = (),
    *,
    root: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Mapping[str, str | None] | Unknown:
    """Name -> value, None when it is not set; Unknown when Compose does not print the values.

    `environment` holds variables that are added to the shell's for Compose.
    """
    sorted_names = sorted(set(names))
    if not sorted_names:
        return {}
    project = {
        "name": "stacktest-variables",
        "services": {"variables": {"image": "none", "environment": sorted_names}},
    }
    argv = ["docker", "compose", "--project-directory", str(directory)]
    argv += [part for name in env_files for part in ("--env-file", name)]
    argv += ["--file", "-", "config", "--format", "json"]
    try:
        result = process.run(
            argv,
            cwd=root or directory,
            env={**(environment or {}), **os.environ},
            input=json.dumps(project),
        )
    except ToolMissingError as error:
        return Unknown(error.what)
    if result.code != 0:
        return Unknown(f"Compose did not resolve {', '.join(sorted_names)}")
    try:
        values = read_config(result.out)["services"]["variables"].get("environment") or {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Unknown("Compose printed something else than the variables")
    return {name: values.get(name) for name in sorted_names}


def find_secret(stack: Stack, name: str, env_files: Sequence[str]) -> str | Unknown:
    """The value of a variable that a person named, from the first of three sources that has it.

    The process's environment; the environment of the services, if all have the same value; the
    value that Compose interpolates for `${NAME}`, from the stack's `.env`.
    """
    if not name:
        return Unknown("nothing sets it")
    if value := os.environ.get(name):
        return value
    values = {
        value for service in stack.services.values() if (value := service.environment.get(name))
    }
    if len(values) == 1:
        return values.pop()
    in_files = read_variables(stack.root, [name], env_files)
    if not isinstance(in_files, Unknown) and (value := in_files.get(name)):
        return value
    return Unknown("several services have different values for it" if values else "nothing sets it")


def read_secret_file(path: Path) -> str | Unknown:
    """The whole text of a file that holds a secret, without the final line breaks."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        return Unknown(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Unknown("is not UTF-8 text")
