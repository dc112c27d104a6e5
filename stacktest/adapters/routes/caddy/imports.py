"""A Caddyfile with every `import` replaced: files found through mounts, snippets, arguments."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from stacktest.adapters.foreign_paths import text_or_line
from stacktest.adapters.routes.blank_names import door_environment
from stacktest.adapters.routes.caddy.lexer import Line, Token, read_lines
from stacktest.adapters.routes.mounts import files_behind, is_on_this_side, shown, target_of
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.errors import UsageError

MAX_DEPTH = 100
"""The depth of nested `import`s or `invoke`s above which they are reported as a cycle."""


def broken(what: str, line: Line) -> UsageError:
    """The error for a line that is not valid in a Caddyfile."""
    return UsageError(f"the Caddyfile cannot be read: {what}", where=line.where, code="SK-ROUTES")


class CaddySource(Struct, frozen=True, kw_only=True):
    """The files of one configuration; `read` fills in the snippets and named routes."""

    stack: Stack
    snippets: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    named_routes: dict[str, tuple[Line, ...]] = field(default_factory=dict)

    def read(self, path: Path) -> tuple[Line, ...]:
        """The top-level lines of the file, with every `import` replaced by the imported lines."""
        return self._lines_of(path, 0)

    def expand_line(self, line: Line) -> tuple[Line, ...]:
        """A line made from a label, with every `import` replaced; empty for a snippet."""
        return tuple(self._imported((line,), self.stack.root / line.file, 0))

    def remember_snippets(self, lines: tuple[Line, ...]) -> None:
        """Store the snippets and named routes that are declared among the lines."""
        for line in lines:
            name = line.name
            if line.block is None or len(line.tokens) != 1 or not name.endswith(")"):
                continue
            if name.startswith("("):
                if name[1:-1] in self.snippets:
                    raise broken(f"snippet {name} is declared twice", line)
                self.snippets[name[1:-1]] = line.block
            elif name.startswith("&("):
                self.named_routes[name[2:-1]] = line.block

    # Private

    def _lines_of(self, path: Path, depth: int) -> tuple[Line, ...]:
        try:
            text = text_or_line(path)
        except OSError as error:
            raise self._unreadable(error.strerror or "refused", path, 1) from None
        if isinstance(text, int):
            raise self._unreadable("it is not UTF-8 text", path, text)
        lines = read_lines(
            text, file=shown(path, self.stack), environment=door_environment(self.stack)
        )
        self.remember_snippets(lines)
        return tuple(self._imported(lines, path, depth))

    def _unreadable(self, reason: str, path: Path, line: int) -> UsageError:
        return UsageError(
            f"the Caddyfile cannot be read: {reason}",
            where=f"{shown(path, self.stack)}:{line}",
            hint="correct the file, or `routes` under [stack]",
            code="SK-ROUTES",
        )

    def _imported(self, lines: tuple[Line, ...], file: Path, depth: int) -> Iterator[Line]:
        if depth > MAX_DEPTH:
            raise broken("the imports form a cycle", lines[0])
        for line in lines:
            if line.name.startswith(("(", "&(")) and line.block is not None:
                continue
            if line.name == "import" and not line.tokens[0].quoted:
                yield from self._import(line, file, depth + 1)
            elif line.block is None:
                yield line
            else:
                yield replace(line, block=tuple(self._imported(line.block, file, depth)))

    def _import(self, line: Line, file: Path, depth: int) -> Iterator[Line]:
        if not line.words:
            raise broken("`import` needs a file or a snippet", line)
        name, *arguments = line.words
        if name in self.snippets:
            body = _with_arguments(self.snippets[name], tuple(arguments), line)
            yield from self._imported(body, file, depth)
            return
        wildcard = any(sign in name for sign in "*?[")
        target = self._target(name, file)
        paths = files_behind(self.stack, file.parent, target)
        paths = paths or files_behind(self.stack, file.parent, name)
        is_sure = name.startswith("/") or not wildcard
        if not paths and is_sure and self._is_unseen(target):
            # A file inside the container only cannot be read; keep the `import` line as it is.
            yield line
            return
        if not paths and not wildcard:
            raise broken(f"`import {name}`: neither a snippet nor a file", line)
        if depth > MAX_DEPTH:
            raise broken("the imports form a cycle", line)
        for path in paths:
            lines = self._lines_of(path, depth)
            yield from _with_arguments(lines, tuple(arguments), line)

    def _target(self, name: str, file: Path) -> str:
        """The path in the container that an `import` in `file` means; else the name as written."""
        target = target_of(self.stack, file)
        return posixpath.join(posixpath.dirname(target), name) if target else name

    def _is_unseen(self, target: str) -> bool:
        return target.startswith("/") and not is_on_this_side(self.stack, target)


_ARGUMENT = re.compile(r"\{args\[(\d{1,4})\]\}|\{args\.(\d{1,4})\}")
_RANGE = re.compile(r"\{args\[(\d{0,4}):(\d{0,4})\]\}")
_BLOCK = re.compile(r"\{block\}|\{blocks\.([^{}]+)\}")


def _with_arguments(
    lines: tuple[Line, ...], arguments: tuple[str, ...], at: Line
) -> tuple[Line, ...]:
    """The lines with `{args[0]}`, `{args[:]}`, `{block}` and `{blocks.NAME}` of the import."""

    def text(token: Token) -> tuple[Token, ...]:
        if whole := _RANGE.fullmatch(token.text):
            start, end = (int(part) if part else None for part in whole.groups())
            return tuple(Token(text=argument) for argument in arguments[start:end])
        return (replace(token, text=_ARGUMENT.sub(argument_of, token.text)),)

    def argument_of(match: re.Match[str]) -> str:
        index = int(match[1] or match[2])
        if index >= len(arguments):
            raise broken(f"`import` gives no argument {index}", at)
        return arguments[index]

    filled: list[Line] = []
    for line in lines:
        if len(line.tokens) == 1 and (placeholder := _BLOCK.fullmatch(line.name)):
            filled += _block_of(at, placeholder[1])
            continue
        block = None if line.block is None else _with_arguments(line.block, arguments, at)
        tokens = tuple(new for token in line.tokens for new in text(token))
        filled.append(replace(line, tokens=tokens, block=block))
    return tuple(filled)


def _block_of(at: Line, name: str | None) -> tuple[Line, ...]:
    """The block of an `import` line, for `{block}`; or its part `name`, for `{blocks.NAME}`."""
    block = at.block or ()
    if name is None:
        return block
    return tuple(inner for line in block if line.name == name for inner in line.block or ())
