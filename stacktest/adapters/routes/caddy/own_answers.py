"""Answers of Caddy itself: the order of its directives, and the statuses they answer with."""

import re
from collections.abc import Callable, Mapping

from stacktest.adapters.routes.caddy.lexer import Line, Token
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS

ORDER = (
    *("tracing", "map", "vars", "fs", "root", "log_append", "skip_log", "log_skip", "log_name"),
    *("header", "copy_response_headers", "request_body", "redir", "method", "rewrite", "uri"),
    *("try_files", "basicauth", "basic_auth", "forward_auth", "request_header", "encode", "push"),
    *("intercept", "templates", "invoke", "handle", "handle_path", "route", "abort", "error"),
    *("copy_response", "respond", "metrics", "reverse_proxy", "php_fastcgi", "file_server"),
    "acme_server",
)
"""Caddy's default order of directives, which does not depend on the order of the lines."""
_SILENT = frozenset({*ORDER[: ORDER.index("redir")], "method", "request_header", "encode", "push"})
SILENT = _SILENT | {"templates", "tls", "bind", "log", "handle_errors", "replace"}
"""Directives that never answer."""


def error_statuses(lines: tuple[Line, ...]) -> frozenset[int]:
    """The statuses that `handle_errors` answers with, besides the status of the failure itself."""
    statuses: set[int] = set()
    for line in lines:
        if line.name == "handle_errors":
            statuses |= answered(line.block or (), of_files=_FILES_OF_ERRORS)
    return frozenset(statuses)


def answered(lines: tuple[Line, ...], *, of_files: frozenset[int]) -> frozenset[int]:
    """The statuses of Caddy's own answers in these lines; a file is answered with `of_files`."""
    statuses: set[int] = set()
    for line in lines:
        words = line.tokens[1:]
        while words and words[0].text[:1] in {"@", "*"}:
            words = words[1:]
        if line.name in {"handle", "handle_path", "route"}:
            statuses |= answered(line.block or (), of_files=of_files)
        elif line.name == "file_server":
            statuses |= of_files
        elif line.name in _ANSWERS and line.name not in _PASSING:
            # The first word of a `redir` is its target, that of a `respond` with two its text.
            coded = words[1:2] if line.name == "redir" else words[1:2] or words[:1]
            is_own = any(_OF_THE_FAILURE.search(word.text) for word in coded)
            statuses |= frozenset() if is_own else _ANSWERS[line.name](words)
        elif line.name not in _PASSING and line.name[:1] != "@":
            return ANY_STATUS
    return frozenset(statuses)


def statuses_of(name: str, words: tuple[Token, ...]) -> frozenset[int] | None:
    """The statuses that a directive with these words answers with; None if it never answers."""
    return _ANSWERS[name](words) if name in _ANSWERS else None


# Private

_OF_THE_FAILURE = re.compile(r"\{(http\.error|err)\.status_code\}")
_REDIRECTS = {"": 302, "temporary": 302, "permanent": 301, "html": 200}
_FILES_OF_ERRORS = frozenset({308, 404, 500})
"""Statuses of a file served in `handle_errors`, besides the status of the failure itself."""
_PASSING = SILENT | {"rewrite", "uri", "try_files", "copy_response"}
"""Directives that do not replace an answer with one of Caddy's own."""


def _number(text: str, default: int) -> frozenset[int]:
    if not text:
        return frozenset({default})
    number = whole_number(text)
    return ANY_STATUS if number is None else frozenset({number})


def _respond(words: tuple[Token, ...]) -> frozenset[int]:
    """`respond 404`, `respond "text"`, `respond "text" 404`."""
    texts = [word.text for word in words]
    if len(texts) == 1:
        is_status = re.fullmatch(r"\d{3}|\{.*\}", texts[0])
        return _number(texts[0], 200) if is_status else frozenset({200})
    return _number(texts[1] if texts else "", 200)


def _redir(words: tuple[Token, ...]) -> frozenset[int]:
    code = words[1].text if len(words) > 1 else ""
    return frozenset({_REDIRECTS[code]}) if code in _REDIRECTS else _number(code, 302)


def _error(words: tuple[Token, ...]) -> frozenset[int]:
    texts = [word.text for word in words]
    if len(texts) == 1 and not texts[0].isdecimal():
        return frozenset({500})
    return _number(texts[-1] if texts else "", 500)


_ANSWERS: Mapping[str, Callable[[tuple[Token, ...]], frozenset[int]]] = {
    "respond": _respond,
    "redir": _redir,
    "error": _error,
    "abort": lambda _: frozenset[int](),
    "metrics": lambda _: ANY_STATUS,
    "acme_server": lambda _: ANY_STATUS,
    "copy_response": lambda _: ANY_STATUS,
}
"""Directive with which Caddy itself answers → a function of its words that gives the statuses."""
