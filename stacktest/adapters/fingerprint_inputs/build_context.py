"""Reads what an image is built from: the Dockerfile and the context that the engine would be sent.

`.dockerignore` patterns start at the context's root, unlike those of `.gitignore`; the last one
that matches decides, and `<Dockerfile>.dockerignore` is preferred where it exists.
"""

import os
import posixpath
from collections.abc import Callable, Iterable
from pathlib import Path

from stacktest.adapters.fingerprint_inputs.files import FileReader, Reading, UnreadableError
from stacktest.core.fingerprint.file_tree import Entry
from stacktest.core.model import Build


def read_build(reader: FileReader, build: Build) -> Reading:
    """The entries of a build, labelled `Dockerfile` and `context/…`."""
    into = Reading()
    if "://" in build.context or build.context.startswith("git@"):
        # Its address is in the service definition; its content is not on this machine.
        into.entries["context"] = Entry(path="context", kind="remote")
        return into
    if not Path(build.context).is_dir():
        raise UnreadableError(f"the build context {_shown(reader, build.context)} does not exist")
    dockerfile = posixpath.join(build.context, build.dockerfile)
    if not build.inline:
        dockerfile_reading = Reading()
        reader.read(dockerfile, "Dockerfile", dockerfile_reading)
        if not dockerfile_reading.entries:
            raise UnreadableError(f"the Dockerfile {_shown(reader, dockerfile)} does not exist")
        _take(dockerfile_reading, into, dockerfile, reader)
    context = Reading()
    patterns = _patterns(build.context, dockerfile)
    reader.read_context(build.context, context, _excluded(patterns))
    into.unsigned = into.unsigned or context.unsigned
    for entry in context.entries.values():
        label = f"context/{entry.path}"
        into.entries[label] = _moved(entry, label, build.context, reader)
    return into


# Private


def _take(reading: Reading, into: Reading, path: str, reader: FileReader) -> None:
    folder = posixpath.dirname(path)
    into.unsigned = reading.unsigned
    for label, entry in reading.entries.items():
        source = path if label == "Dockerfile" else posixpath.join(folder, label)
        into.entries[label] = _moved(entry, label, posixpath.dirname(source), reader, source)


def _moved(
    entry: Entry, label: str, folder: str, reader: FileReader, source: str | None = None
) -> Entry:
    absolute = posixpath.normpath(source or posixpath.join(folder, entry.path))
    return Entry(
        path=label,
        kind=entry.kind,
        executable=entry.executable,
        content=entry.content,
        secret=entry.secret,
        source=posixpath.relpath(absolute, reader.root),
    )


def _shown(reader: FileReader, path: str) -> str:
    return os.path.relpath(path, reader.root)


def _patterns(context: str, dockerfile: str) -> list[str]:
    for name in (f"{dockerfile}.dockerignore", posixpath.join(context, ".dockerignore")):
        try:
            text = Path(name).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnreadableError(f"cannot read {name}: {error.strerror}") from error
        return [line for line in (_anchored(raw) for raw in text.splitlines()) if line]
    return []


def _anchored(raw: str) -> str:
    """A .dockerignore line as the .gitignore line that means the same."""
    line = raw.strip()
    if not line or line.startswith("#"):
        return ""
    bang = "!" if line.startswith("!") else ""
    path = posixpath.normpath(line.removeprefix("!").strip()).lstrip("/")
    return f"{bang}/{path}" if path not in ("", ".") else ""


def _excluded(patterns: Iterable[str]) -> Callable[[str, bool], bool]:
    lines = list(patterns)
    if not lines:
        return lambda _path, _is_folder: False
    import pathspec

    # Only the meaning of one rule is taken from pathspec. How rules add up differs: git lets
    # a file's own rule outweigh a later one of its folder, the engine never does.
    rules = list(pathspec.PathSpec.from_lines("gitignore", lines).patterns)
    has_exceptions = any(line.startswith("!") for line in lines)

    def excluded(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - a callback
        if is_folder and has_exceptions:
            # Below an excluded folder an exception may still name a file.
            return False
        paths = [path]
        while has_exceptions and (parent := posixpath.dirname(paths[-1])):
            paths.append(parent)
        is_excluded = False
        for rule in rules:
            if any(rule.match_file(name) is not None for name in paths):
                is_excluded = bool(rule.include)
        return is_excluded

    return excluded
