"""Reads the inputs of an image build: the Dockerfile and the contexts sent to the engine.

`.dockerignore` patterns start at the context's root, unlike those of `.gitignore`; the last one
that matches decides, and `<Dockerfile>.dockerignore` is used instead if it exists. Comments of a
Dockerfile and of an ignore file do not count, also if these are files of the context.
"""

import codecs
import os
import posixpath
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, field

from stacktest.adapters.fingerprint_inputs.files import FileReader, Reading, UnreadableError
from stacktest.adapters.plain_files import read_plain
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.fingerprint.dockerfile import copied_sources, instructions
from stacktest.core.fingerprint.file_tree import Entry
from stacktest.core.model import Build

DOCKERFILE = "Dockerfile"


class BuildReading(Struct, kw_only=True):
    """The entries of a build, labelled `Dockerfile`, `context/…` and `context:name/…`."""

    reading: Reading
    dockerfile: str = ""
    """The Dockerfile's text."""
    raw: dict[str, Entry] = field(default_factory=dict)
    """Label → the file with comments, as version 1 counted `Dockerfile`, and 1 to 3 other files."""
    named: frozenset[str] = field(default=frozenset())
    """Labels of additional contexts, which version 1 did not count."""

    def times(self) -> dict[str, float]:
        """Label → time of its last change; labels of folders end with `/`."""
        times = {label: entry.changed for label, entry in self.reading.entries.items()}
        return times | {f"context/{at}/": time for at, time in self.reading.folders.items()}

    def copied(self) -> frozenset[str]:
        """Labels of files that the image certainly holds: it is outdated if one changes."""
        return frozenset(_copied(self.dockerfile, self.reading.entries))

    def old(self, entries: Iterable[Entry], version: int) -> tuple[Entry, ...]:
        """The entries as an older version counted them."""
        if version > _WITH_COMMENTS:
            return tuple(entries)
        is_first = version == 1
        return tuple(
            self.raw.get(entry.path, entry) if is_first or entry.path != DOCKERFILE else entry
            for entry in entries
            if not (is_first and entry.path in self.named)
        )


def read_build(reader: FileReader, build: Build) -> BuildReading:
    """The entries of a build; a remote context is one entry without its content."""
    into = Reading()
    if _is_remote(build.context):
        # Its address is in the service definition; its content is not on this machine.
        into.entries["context"] = Entry(path="context", kind="remote")
        return BuildReading(reading=into)
    if not Path(build.context).is_dir():
        raise UnreadableError(f"the build context {_shown(reader, build.context)} does not exist")
    result = BuildReading(reading=into)
    dockerfile = posixpath.join(build.context, build.dockerfile)
    if not build.inline:
        result.dockerfile = _read_dockerfile(reader, dockerfile, result)
    _read_context(reader, build.context, dockerfile, "context", into)
    named = [] if build.inline else [dockerfile, f"{dockerfile}.dockerignore"]
    for path in (*named, posixpath.join(build.context, ".dockerignore")):
        label = f"context/{posixpath.relpath(path, build.context)}"
        _leave_comments_out(result, label, path, reader)
    before = set(into.entries)
    for name, path in sorted(build.contexts.items()):
        label = f"context:{name}"
        if _is_remote(path) or not os.path.isdir(path):  # noqa: PTH112 - paths are text here
            into.entries[label] = Entry(path=label, kind="remote")
        else:
            _read_context(reader, path, "", label, into)
    result.named = frozenset(into.entries.keys() - before)
    return result


def left_out_of_context(build: Build, path: str) -> bool:
    """Whether `.dockerignore` keeps an absolute path, which need not exist, out of the image."""
    if _is_remote(build.context):
        return False
    context = posixpath.normpath(build.context)
    inside = posixpath.relpath(path, context)
    dockerfile = posixpath.normpath(posixpath.join(context, build.dockerfile))
    if inside == ".." or inside.startswith("../") or path == dockerfile:
        return False
    try:
        excluded, is_folder = _excluded(_patterns(context, dockerfile)), False
    except UnreadableError:
        # `read_build` reports the same error for the part.
        return False
    return excluded(inside, is_folder)


# Private

_WITH_COMMENTS = 3
"""The last version that counted comments of the files that a build reads."""


def _is_remote(context: str) -> bool:
    schemes = ("git@", "service:", "target:", "docker-image:", "oci-layout:")
    return "://" in context or context.startswith(schemes)


def _read_dockerfile(reader: FileReader, path: str, result: BuildReading) -> str:
    """Add the Dockerfile, and the target if it is a link; returns its text."""
    outcome = Reading()
    reader.read(path, DOCKERFILE, outcome)
    if not outcome.entries:
        raise UnreadableError(f"the Dockerfile {_shown(reader, path)} does not exist")
    _take(outcome, result.reading, path, reader)
    return _leave_comments_out(result, DOCKERFILE, path, reader)


def _leave_comments_out(result: BuildReading, label: str, path: str, reader: FileReader) -> str:
    """Count a file without its comments; returns its text, empty if it is not a file."""
    entry = result.reading.entries.get(label)
    if entry is None or entry.kind != "file":
        return ""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UnreadableError(f"cannot read {_shown(reader, path)}: {error.strerror}") from error
    result.raw[label] = entry
    plain = "\n".join(instructions(text)).encode("utf-8", "surrogateescape")
    if not entry.secret:
        result.reading.entries[label] = replace(entry, content=content_digest(plain))
    return text


def _copied(dockerfile: str, labels: Iterable[str]) -> Iterable[str]:
    """The labels of the Dockerfile and of files that it copies by name."""
    sources = tuple(copied_sources(dockerfile))
    for label in labels:
        if label == DOCKERFILE or any(
            label == source or label.startswith(f"{source}/") for source in sources
        ):
            yield label


def _read_context(
    reader: FileReader, folder: str, dockerfile: str, name: str, into: Reading
) -> None:
    context = Reading()
    reader.read_context(folder, context, _excluded(_patterns(folder, dockerfile)))
    into.unsigned = into.unsigned or context.unsigned
    for why, paths in context.left_out.items():
        for path in paths:
            into.leave_out(f"{name}/{path}", why)
    if name == "context":
        into.folders |= context.folders
    for entry in context.entries.values():
        label = f"{name}/{entry.path}"
        into.entries[label] = _moved(entry, label, folder, reader)


def _take(reading: Reading, into: Reading, path: str, reader: FileReader) -> None:
    folder = posixpath.dirname(path)
    into.unsigned = reading.unsigned
    for label, entry in reading.entries.items():
        source = path if label == DOCKERFILE else posixpath.join(folder, label)
        into.entries[label] = _moved(entry, label, posixpath.dirname(source), reader, source)


def _moved(
    entry: Entry, label: str, folder: str, reader: FileReader, source: str | None = None
) -> Entry:
    absolute = posixpath.normpath(source or posixpath.join(folder, entry.path))
    return replace(entry, path=label, source=posixpath.relpath(absolute, reader.root))


def _shown(reader: FileReader, path: str) -> str:
    return os.path.relpath(path, reader.root)


def _patterns(context: str, dockerfile: str) -> list[str]:
    names = (f"{dockerfile}.dockerignore", posixpath.join(context, ".dockerignore"))
    for name in names if dockerfile else names[1:]:
        try:
            content = read_plain(Path(name)).removeprefix(codecs.BOM_UTF8)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnreadableError(f"cannot read {name}: {error.strerror}") from error
        lines = enumerate(content.splitlines(), start=1)
        return [rule for number, line in lines if (rule := _rule(line, f"{name}:{number}"))]
    return []


def _rule(line: bytes, where: str) -> str:
    """The line as the equivalent .gitignore line; UnreadableError if the engine refuses it."""
    import pathspec

    if len(line) > _LONGEST_RULE or line.count(b"*") > _MOST_STARS:
        raise UnreadableError(f"{where} is too long to be a pattern")
    try:
        rule = _anchored(line.decode("utf-8"))
        pathspec.PathSpec.from_lines("gitignore", [rule])
    except UnicodeDecodeError:
        raise UnreadableError(f"{where} is not UTF-8 text") from None
    except (ValueError, re.error):
        raise UnreadableError(f"{where} is not a pattern") from None
    return rule


_LONGEST_RULE, _MOST_STARS = 500, 16
"""Limits of a pattern: to match a longer one may take hours, and no person writes one."""


def _anchored(raw: str) -> str:
    """A .dockerignore line as the equivalent .gitignore line."""
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

    # pathspec only matches single rules. Their combination differs: in git, a file's own rule
    # overrides a later rule of its folder; in the engine, the last matching rule decides.
    rules = list(pathspec.PathSpec.from_lines("gitignore", lines).patterns)
    has_exceptions = any(line.startswith("!") for line in lines)

    def excluded(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - a callback
        if is_folder and has_exceptions:
            # An exception may still include a file below an excluded folder.
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
