r"""The syntax of a Caddyfile: logical lines of words, nested by braces, without their meaning.

The documented rules, each with a test:

    token       run of characters without white space
    "…"         one token, may span lines; only `\"` is an escape
    `…`         one token, nothing is an escape
    <<NAME      here-document up to a line that holds NAME; its indent is taken off each line
    #           comment, only where a token could start
    \ + newline line continues
    {           last token of a line: opens a block;  `}` alone on a line closes it
    {$VAR:def}  replaced before anything else is read; empty if not set and without a default

Anything else is one `UsageError` that names file and line.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from stacktest.errors import UsageError


class Token(Struct, frozen=True, kw_only=True):
    """One word without its quotes; a `quoted` word is never read as a brace."""

    text: str
    quoted: bool = False
    unset: str = ""
    """The first variable in the word that has no value."""


class Line(Struct, frozen=True, kw_only=True):
    """One logical line and, where it ends in `{`, the lines of its block."""

    tokens: tuple[Token, ...]
    block: "tuple[Line, ...] | None"
    file: str
    number: int
    """0 if the line was made from a label."""

    @property
    def name(self) -> str:
        """First word, or empty for a bare block."""
        return self.tokens[0].text if self.tokens else ""

    @property
    def words(self) -> tuple[str, ...]:
        """Every word after the first."""
        return tuple(token.text for token in self.tokens[1:])

    @property
    def where(self) -> str:
        """`file:line`, or the label."""
        return f"{self.file}:{self.number}" if self.number else self.file


def read_lines(text: str, *, file: str, environment: Mapping[str, str | None]) -> tuple[Line, ...]:
    """The file as nested lines; `environment` is the front door's own."""
    lines = _joined_addresses(_logical_lines(_substituted(text, environment), file))
    return _block(lines, file, None)


def read_words(text: str, where: str, environment: Mapping[str, str | None]) -> tuple[Token, ...]:
    """The words of a text that is not a file, such as a label; line ends count as white space."""
    lines = _logical_lines(_substituted(text, environment), where)
    return tuple(token for _, tokens in lines for token in tokens)


# Private

_Lines = Iterator[tuple[int, tuple[Token, ...]]]

_VARIABLE = re.compile(r"\{\$([^{}:\n]+)(?::([^}\n]*))?\}")
_HEREDOC = re.compile(r"<<([A-Za-z0-9_-]+)\r?\n")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_UNSET = "\ue000\ue001"
"""Mark the name of a variable without a value, from `_substituted` until `_word` removes them."""
_UNSET_NAME = re.compile(f"{_UNSET[0]}([^{_UNSET[1]}]*){_UNSET[1]}")
_RAW = re.compile(r"`([^`]*)`")
_SPACE = re.compile(r"(?:[^\S\n]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_BARE = re.compile(r"(?:\\(?!\r?\n)|[^\s\\])+")


def _broken(what: str, file: str, number: int) -> UsageError:
    return UsageError(
        f"the Caddyfile cannot be read: {what}",
        where=f"{file}:{number}",
        hint="caddy validate --config FILE tells more",
        code="SK-ROUTES",
    )


def _substituted(text: str, environment: Mapping[str, str | None]) -> str:
    def value(match: re.Match[str]) -> str:
        text = environment.get(match[1])
        if text is None:
            text = match[2] if match[2] is not None else f"{_UNSET[0]}{match[1]}{_UNSET[1]}"
        # Line numbers in messages must stay those of the file, so a value adds no line.
        return text.replace("\n", " ")

    return _VARIABLE.sub(value, text.removeprefix("\ufeff"))


def _word(text: str, *, quoted: bool = False) -> Token:
    unset = _UNSET_NAME.search(text)
    if not unset:
        return Token(text=text, quoted=quoted)
    return Token(text=_UNSET_NAME.sub("", text), quoted=quoted, unset=unset[1])


def _is_brace(token: Token, brace: str) -> bool:
    return token.text == brace and not token.quoted


def _block(lines: _Lines, file: str, opened_at: int | None) -> tuple[Line, ...]:
    """Lines up to the `}` that closes the block, or to the end of the file outside of any."""
    block_lines: list[Line] = []
    for number, tokens in lines:
        if _is_brace(tokens[0], "}"):
            if opened_at is None:
                raise _broken("'}' without a matching '{'", file, number)
            if len(tokens) > 1:
                raise _broken(f"unexpected '{tokens[1].text}' after '}}'", file, number)
            return tuple(block_lines)
        if any(_is_brace(token, "{") for token in tokens[:-1]):
            raise _broken("unexpected word after '{' on the same line", file, number)
        if any(_is_brace(token, "}") for token in tokens):
            raise _broken("'}' must stand on its own line", file, number)
        opens = _is_brace(tokens[-1], "{")
        words = tokens[:-1] if opens else tokens
        block = _block(lines, file, number) if opens else None
        block_lines.append(Line(tokens=words, block=block, file=file, number=number))
    if opened_at is not None:
        raise _broken("'{' is never closed", file, opened_at)
    return tuple(block_lines)


def _logical_lines(text: str, file: str) -> _Lines:
    position, number, started = 0, 1, 1
    tokens: list[Token] = []
    while position < len(text):
        if text[position] == "\n":
            if tokens:
                yield started, tuple(tokens)
                tokens = []
            position, number = position + 1, number + 1
            continue
        blank = _SPACE.match(text, position) or _COMMENT.match(text, position)
        if not blank:
            started = started if tokens else number
            token, end = _token(text, position, file, number)
            tokens.append(token)
        else:
            end = blank.end()
        number += text.count("\n", position, end)
        position = end
    if tokens:
        yield started, tuple(tokens)


def _token(text: str, position: int, file: str, number: int) -> tuple[Token, int]:
    if text[position] == '"':
        if quoted := _QUOTED.match(text, position):
            return _word(quoted[1].replace('\\"', '"'), quoted=True), quoted.end()
        raise _broken('a " is never closed', file, number)
    if text[position] == "`":
        if raw := _RAW.match(text, position):
            return _word(raw[1], quoted=True), raw.end()
        raise _broken("a ` is never closed", file, number)
    if text.startswith("<<", position):
        return _heredoc(text, position, file, number)
    word = _BARE.match(text, position)
    # White space and a continued line, which do not start a word, were handled before.
    assert word is not None  # noqa: S101
    return _word(word[0]), word.end()


def _heredoc(text: str, position: int, file: str, number: int) -> tuple[Token, int]:
    opened = _HEREDOC.match(text, position)
    if not opened:
        raise _broken("'<<' needs a name and a new line", file, number)
    closing = re.compile(rf"^([^\S\n]*){re.escape(opened[1])}(?=\s|\Z)", re.MULTILINE)
    closed = closing.search(text, opened.end())
    if not closed:
        raise _broken(f"the text that starts with <<{opened[1]} is never closed", file, number)
    body = text[opened.end() : closed.start()].replace("\r", "").splitlines()
    for offset, line in enumerate(body, start=1):
        if line and not line.startswith(closed[1]):
            raise _broken(f"less indent than the closing {opened[1]}", file, number + offset)
    text_of_body = "\n".join(line[len(closed[1]) :] for line in body)
    return _word(text_of_body, quoted=True), closed.end()


def _joined_addresses(lines: _Lines) -> _Lines:
    """The lines with a site's addresses joined: only these continue after a comma at the end."""
    depth = 0
    pending: tuple[int, tuple[Token, ...]] | None = None
    for number, tokens in lines:
        joined = (pending[0], pending[1] + tokens) if pending else (number, tokens)
        last = tokens[-1]
        if depth == 0 and last.text.endswith(",") and not last.quoted:
            pending = joined
            continue
        pending = None
        depth += _is_brace(last, "{") - _is_brace(tokens[0], "}")
        yield joined
    if pending:
        yield pending
