"""The directives of nginx's files, with includes followed and templates filled in.

The named files together form one `http` block, as the files of conf.d do. Files beside a fragment
in a folder that is mounted as a whole belong to it as well: they may contain its upstreams, and a
server that answers first. nginx reads such a folder by name, whatever the order in `routes` is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.foreign_paths import matching, text_or_line
from stacktest.adapters.routes.blank_names import door_environment
from stacktest.adapters.routes.mounts import files_behind, is_on_this_side, shown, target_of
from stacktest.adapters.temporary import temporary_folder
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.nginx_templates import template_suffix
from stacktest.core.route import compiled
from stacktest.errors import UsageError

UNSEEN = "include (unseen)"
"""The directive name of an `include` whose file exists only in the container."""
SILENT = "include (silent)"
"""The same, if the file changes no route by its name (`ssl.conf`), or a pattern may match none."""


class Directive(Struct, frozen=True, kw_only=True):
    """One directive with its words and the directives in its block."""

    name: str
    words: tuple[str, ...]
    block: "tuple[Directive, ...]"
    where: str
    is_named: bool = True
    """Whether its file was named in `routes`; servers of other files add no host names."""

    def all(self, name: str) -> "tuple[Directive, ...]":
        """The directives of that name in its block."""
        return tuple(item for item in self.block if item.name == name)


def read_directives(paths: tuple[Path, ...], stack: Stack) -> tuple[Directive, ...]:
    """The directives of all the files and of the files beside them, in the order of nginx."""
    reader = _Reader(stack=stack)
    files = {path: tuple(reader.directives(path)) for path in paths}
    if any(item.name == "http" for directives in files.values() for item in directives):
        return tuple(item for path in paths for item in files[path])
    beside = [path for path in _beside(paths, stack) if path not in files]
    files |= {path: tuple(reader.beside(path)) for path in beside}
    return tuple(item for path in _in_order(files, stack) for item in files[path])


# Private

_STATEMENTS = re.compile(r"(?:^|[;{]|(?<!\w)\})\s*(?:(?:\$\{\w+\}[ \t]*|#[^\n]*)(?:\n\s*|$))+")
_BARE = re.compile(r"(\$\{\w+\})(?=[ \t]*(?:\n|$))")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
_SILENT_FILES = re.compile(
    r"(?i)^(?!.*(?:force|redirect|auth|block|deny|allow))"
    r".*(?:mime|param|ssl|tls|gzip|proxy|fastcgi|header|cache|log|modules|resolver)"
)
_CONFIGURATION = "/etc/nginx"
_TABLES = frozenset({"map", "geo", "types", "split_clients", "charset_map", "match"})
"""Blocks whose lines are entries and not directives."""


def _in_order(files: Iterable[Path], stack: Stack) -> Iterator[Path]:
    """The files by folder; those of a folder that is mounted as a whole by name, as nginx does."""
    folders: dict[Path, list[Path]] = {}
    for path in files:
        folders.setdefault(path.parent, []).append(path)
    for folder, inside in folders.items():
        yield from sorted(inside) if target_of(stack, folder) else inside


def _beside(paths: tuple[Path, ...], stack: Stack) -> Iterator[Path]:
    for folder in dict.fromkeys(path.parent for path in paths):
        if target_of(stack, folder):
            for suffix in dict.fromkeys(path.suffix for path in paths):
                yield from sorted(matching(folder, f"*{suffix}"))


class _Reader(Struct, frozen=True, kw_only=True):
    stack: Stack

    def directives(self, path: Path, within: tuple[Path, ...] = ()) -> Iterator[Directive]:
        """The directives of a file; `within` are the files that include it."""
        if path in within:
            raise UsageError("the includes form a cycle", where=shown(path, self.stack))
        for item in _parse(path, self.stack):
            yield from self._converted(item, (*within, path))

    def beside(self, path: Path) -> Iterator[Directive]:
        """The directives of a file that was not named; none if it cannot be read."""
        try:
            yield from (replace(item, is_named=False) for item in tuple(self.directives(path)))
        except UsageError:
            return

    def _converted(self, item: Mapping[str, Any], files: tuple[Path, ...]) -> Iterator[Directive]:
        """The directive, or those of the files that it includes; the last of `files` has it."""
        where = f"{shown(files[-1], self.stack)}:{item['line']}"
        if item["directive"] == "include" and item["args"]:
            yield from self._included(item["args"][0], files, where)
            return
        block = tuple(
            inner for child in item.get("block") or () for inner in self._converted(child, files)
        )
        words = tuple(item["args"])
        yield Directive(name=item["directive"], words=words, block=block, where=where)

    def _included(self, pattern: str, files: tuple[Path, ...], where: str) -> Iterator[Directive]:
        full = pattern if pattern.startswith("/") else f"{_CONFIGURATION}/{pattern}"
        folder = files[-1].parent
        included = files_behind(self.stack, folder, full)
        if not included and not pattern.startswith("/"):
            included = files_behind(self.stack, folder, pattern)
        for file in included:
            yield from self.directives(file, files)
        if not included and ("$" in pattern or not is_on_this_side(self.stack, full)):
            is_silent = "*" in pattern or _SILENT_FILES.search(Path(pattern).name)
            name = SILENT if is_silent else UNSEEN
            yield Directive(name=name, words=(pattern,), block=(), where=where)


def _parse(path: Path, stack: Stack) -> list[Mapping[str, Any]]:
    text = _text(path, stack)
    # The image's script goes by the name in the container; a script of one's own, by any.
    suffix = template_suffix(stack.services.get(stack.front_door))
    if not (path.name.endswith(suffix) or target_of(stack, path).endswith(suffix)):
        return _parsed(path, path, stack)
    with temporary_folder("nginx") as folder:
        filled = folder / "filled.conf"
        write_file(filled, _filled(text, stack))
        return _parsed(filled, path, stack)


def _text(path: Path, stack: Stack) -> str:
    try:
        text = text_or_line(path)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise _unreadable(reason, shown(path, stack), 1) from None
    if isinstance(text, int):
        raise _unreadable("it is not UTF-8 text", shown(path, stack), text)
    return text


def _filled(text: str, stack: Stack) -> str:
    """The template filled in as the image's script does: only variables that are set and chosen."""
    chosen = compiled(door_environment(stack).get("NGINX_ENVSUBST_FILTER") or "")
    environment = {
        name: setting
        for name, setting in door_environment(stack).items()
        if chosen is None or chosen.search(name)
    }

    def value(match: re.Match[str]) -> str:
        setting = environment.get(match[1] or match[2])
        return match[0] if setting is None else setting.replace("\n", " ")

    return _as_includes(_VARIABLE.sub(value, text))


def _as_includes(text: str) -> str:
    """The text with variables that stand as directives of their own as includes of unseen files.

    A script may put whole blocks in their place; the parser would take the next words for theirs.
    """
    return _STATEMENTS.sub(lambda match: _BARE.sub(r"include \1;", match[0]), text)


def _parsed(file: Path, path: Path, stack: Stack) -> list[Mapping[str, Any]]:
    import crossplane

    # Files under conf.d are fragments: the parser cannot check the context of their directives.
    payload = crossplane.parse(str(file), single=True, check_ctx=False)
    if payload["errors"]:
        first = payload["errors"][0]
        reason = str(first["error"]).replace(f" in {file}:{first['line']}", "")
        # For a file that ends within a directive the parser gives neither a reason nor a line.
        line = first["line"] or (1 if reason else len(_text(file, stack).rstrip().splitlines()))
        reason = reason.replace(str(file), path.name) or "it ends within a directive: no `;`"
        raise _unreadable(reason, shown(path, stack), line)
    parsed: list[Mapping[str, Any]] = payload["config"][0]["parsed"]
    for item, reason in _malformed(parsed):
        raise _unreadable(reason, shown(path, stack), item["line"])
    return parsed


def _malformed(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Directives that have a block and must not, or lack theirs: the parser skips fragments."""
    from crossplane.analyzer import DIRECTIVES, NGX_CONF_BLOCK

    for item in items:
        name = item["directive"]
        has_block = "block" in item
        kinds = {bool(mask & NGX_CONF_BLOCK) for mask in DIRECTIVES.get(name, ())}
        if kinds and has_block not in kinds and not name.endswith("_by_lua_block"):
            yield item, f'"{name}" ' + ("lacks its `;`" if has_block else "lacks its `{`")
        if name not in _TABLES:
            yield from _malformed(item.get("block") or ())


def _unreadable(reason: str, file: str, line: int | None) -> UsageError:
    return UsageError(
        f"the nginx configuration cannot be read: {reason}",
        where=f"{file}:{line or 1}",
        hint="correct the file, or `routes` under [stack]",
        code="SK-ROUTES",
    )
