"""Asks Compose for the values of variables that it would write into `configs:` and `secrets:`.

`docker compose config` prints `environment: NAME` and not what NAME is. A tiny project on standard
input that passes the names on makes Compose resolve them as it does for the real one, from the
same `.env` files and the same shell, so that nothing here has to know how that works.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stacktest.adapters import process
from stacktest.adapters.compose.model import read_config
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


def read_variables(
    directory: Path,
    names: Iterable[str],
    env_files: Sequence[str] = (),
    *,
    root: Path | None = None,
) -> Mapping[str, str | None] | Unknown:
    """Name -> value, None when it is not set; unknown when Compose does not say."""
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
        result = process.run(argv, cwd=root or directory, input=json.dumps(project))
    except ToolMissingError as error:
        return Unknown(error.what)
    if result.code != 0:
        return Unknown(f"Compose did not resolve {', '.join(sorted_names)}")
    try:
        values = read_config(result.out)["services"]["variables"].get("environment") or {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Unknown("Compose printed something else than the variables")
    return {name: values.get(name) for name in sorted_names}
