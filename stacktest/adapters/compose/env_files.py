"""Parses environment files (`.env`) as Compose does: quotes, lines, comments, variables in values.

`files` decides which files are read, and in which order.
"""

import io
import os
import re
import select
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from stacktest.adapters.plain_files import read_plain
from stacktest.core.interpolation import interpolate
from stacktest.errors import UsageError

PATIENCE = 5.0
"""Seconds to wait for a program that writes to a pipe."""

_YAML_STYLE = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(\".*\"|'.*'|.*?)\s*(?:\s#.*)?")
_SINGLE_QUOTED = re.compile(r"[^=]*=\s*'")
_DOUBLE_QUOTED = re.compile(r'[^=]*=\s*"')


def read_env_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Names and values of one file; empty if it cannot be read, which Compose itself reports.

    The file may be a pipe that a password manager fills for each reader.
    """
    try:
        is_pipe = stat.S_ISFIFO(path.stat().st_mode)
        content = _read_pipe(path) if is_pipe else read_plain(path)
    except OSError:
        return {}
    return parse_env(content.decode("utf-8", "replace"), environ)


def parse_env(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Names and values of the text; a variable in a value is taken from `environ` first."""
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text.removeprefix("\ufeff"))):
        name, value, original = binding.key, binding.value, binding.original.string
        is_other = binding.error or value is None
        if is_other and (match := _YAML_STYLE.fullmatch(original.rstrip("\n"))):
            name, value = match[1], match[2].strip("'\"")
        if name is None or value is None:
            continue
        if not _SINGLE_QUOTED.match(original):
            if _DOUBLE_QUOTED.match(original):
                value = value.replace("\\$", "$$")
            value = interpolate(value, lambda key: environ.get(key, values.get(key)))
        values[name] = value
    return values


def read_env_files(paths: Iterable[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """Names and values of several files; a later file overrides an earlier one."""
    values: dict[str, str] = {}
    for path in paths:
        values |= read_env_file(path, {**values, **environ})
    return values


# Private


def _read_pipe(path: Path) -> bytes:
    """The content that a program writes to the pipe; UsageError if none does within `PATIENCE`."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as pipe:
        if not select.select([pipe], [], [], PATIENCE)[0]:
            raise UsageError(
                "it is a pipe, and nobody writes to it",
                where=str(path),
                hint="start the program that fills it, or write a file in its place",
            )
        os.set_blocking(handle, True)
        return pipe.read()
