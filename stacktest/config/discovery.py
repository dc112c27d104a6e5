"""Finds a stack's configuration: `stacktest.toml`, or a table of `pyproject.toml`."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacktest.config.sections import FILE_NAME
from stacktest.errors import UsageError


def find_stack(
    *, option: str, environ: Mapping[str, str], folder: Path, rootdir: Path | None = None
) -> Path | None:
    """The stack's folder, or None: option > `STACKTEST_STACK` > nearest file upward > rootdir's.

    A folder that is named but does not exist is a `UsageError`.
    """
    named = {"--stack": option, "STACKTEST_STACK": environ.get("STACKTEST_STACK", "")}
    for where, name in named.items():
        if name:
            return _existing(folder / name, where)
    parents = (folder, *folder.parents)
    for parent in parents:
        if (parent / FILE_NAME).is_file() or inline_table(parent):
            return parent
    for parent in (rootdir, *parents) if rootdir else parents:
        pointer = _pyproject(parent).get("stack")
        if isinstance(pointer, str):
            return _existing(parent / pointer, f"{parent / 'pyproject.toml'}:tool.stacktest.stack")
    return None


def pointing_folder(stack: Path, *, folder: Path, rootdir: Path | None = None) -> Path | None:
    """The nearest folder whose `[tool.stacktest] stack` names `stack`: its tests may be there.

    The search covers pytest's root, the working folder and its parents, the stack and its parents.
    """
    parents = (folder, *folder.parents, stack, *stack.parents)
    for parent in (rootdir, *parents) if rootdir else parents:
        pointer = _pyproject(parent).get("stack")
        if isinstance(pointer, str) and (parent / pointer).resolve() == stack.resolve():
            return parent
    return None


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; a `UsageError` with the file if it cannot be read."""
    try:
        # Editors on Windows write a byte order mark, which TOML does not allow.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", where=f"{path}:{line}", hint=_SAVE_AS_UTF_8) from error
    except ValueError as error:
        at = re.search(r"\(at line (\d+)", str(error))
        raise UsageError(
            f"not valid TOML: {error}",
            where=f"{path}:{at[1]}" if at else str(path),
            hint="correct that line" if at else "complete the last line",
        ) from error
    except RecursionError:
        raise UsageError("not valid TOML: nested too deeply", where=str(path)) from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error


def inline_table(folder: Path) -> dict[str, Any]:
    """`[tool.stacktest]` of the folder; empty if it only points to a stack in another folder."""
    table = _pyproject(folder)
    return {} if isinstance(table.get("stack"), str) else table


# Private

_SAVE_AS_UTF_8 = "save the file as UTF-8"


def _existing(path: Path, where: str) -> Path:
    if not os.path.isdir(path):  # noqa: PTH112 - `Path.is_dir` raises for some names
        raise UsageError(
            f"no folder {str(path)!r}", where=where, hint="name the folder of the compose file"
        )
    # Links are not resolved: Compose derives the project's name from the path as given.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _pyproject(folder: Path) -> dict[str, Any]:
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}
    table = read_toml(path).get("tool", {}).get("stacktest", {})
    return table if isinstance(table, dict) else {}
