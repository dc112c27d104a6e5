"""Secrets within a text: in commands, URLs, headers, and settings of any program.

    postgres://app:SECRET@db/app            https://x/?access_token=SECRET&a=1
    --requirepass SECRET   --password=X     mysql -pSECRET   redis-cli -a X   curl -u app:SECRET
    password = SECRET                       "clientSecret": "SECRET"
    Authorization: Bearer SECRET            Cookie: session=SECRET; theme=dark

`secrets_in` lists them, so that they can be removed from other texts, too; `blank` removes those
that are recognized by their form, whether they are listed or not.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote

from stacktest.core.secret_commands import secrets_in_shell
from stacktest.core.secret_forms import MASK, tokens_in, without_tokens
from stacktest.core.secret_names import is_secret_name
from stacktest.core.secret_settings import secrets_in_blocks

Named = Callable[[str], bool]


def secrets_in(text: str, named: Named = is_secret_name) -> Iterator[str]:
    """Every value at a place in the text where secrets are written; `named` judges names.

    Most texts of a stack are a word or a path: a pattern is only tried if its signs are present.
    """
    yield from tokens_in(text)
    if "=" in text or ":" in text:
        yield from _assigned(text, named)
    if not _SEVERAL.search(text):
        return
    if _COMMAND_HINT.search(text):
        yield from secrets_in_shell(text)
    for match in _SCHEME.finditer(text):
        yield from _of_scheme(match["scheme"], match["value"])
    yield from secrets_in_blocks(text, named)


def secrets_in_command(words: Iterable[str]) -> Iterator[str]:
    """Secrets of a command: `--password=x`, `--requirepass x`, and secrets within any word."""
    words = list(words)
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if equals and is_secret_name(option):
            yield value
        elif before.startswith("-") and "=" not in before and is_secret_name(before):
            yield word
        yield from secrets_in(word)
        before = word
    yield from secrets_in_shell(" ".join(words))


def blank(text: str) -> str:
    """The text without secrets that are recognized by their form: userinfo, queries, headers.

    A fragment with the form of a query is treated as a query.
    """
    text = without_tokens(text)
    if "://" in text:
        text = _USERINFO.sub(lambda match: _around(match, "password"), text)
        text = _USER.sub(lambda match: _around(match, "user"), text)
    if "=" in text:
        text = _QUERY.sub(_blank_query, text)
    if _HEADER_HINT.search(text):
        text = _SCHEME.sub(lambda match: _around(match, "value"), text)
        text = _COOKIES.sub(_blank_cookies, text)
    return text


# Private

_USERINFO = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^/\s:@\"'<>]*:(?P<password>[^/\s\"'<>]+)@", re.IGNORECASE
)
_USER = re.compile(
    r"\bhttps?://(?P<user>(?=[^@/]*[A-Za-z])(?=[^@/]*\d)[\w.=+~-]{16,})@", re.IGNORECASE
)
"""A token in place of the user name, as in the URL of a repository."""
_QUERY = re.compile(r"[?&;#](?P<name>[\w.\[\]-]{1,60})=(?P<value>[^\s&;\"'<>#]+)")
_ASSIGNMENT = re.compile(
    r"(?<!\$\{)(?<![\w$.?&-])-{0,2}(?P<name>[A-Za-z][\w.-]{1,80})[\"']?\]?[ \t]{0,8}(?:=>|::?|=)"
    # A lookahead, since the value may itself be a name: `database:` before `password: x`.
    r"[ \t]{0,8}(?=(?P<value>\"(?:[^\"\\\n]|\\.){1,4000}\"|'[^'\n]{1,4000}'"
    r"|[^\s\"'`,;&<>{}\[\]()]{1,4000}))"
)
_SCHEME = re.compile(
    r"(?<![A-Za-z0-9-])(?:proxy-)?authorization[\"']?(?:\s{0,4}[:=,]\s{0,4}|\s{1,4})[\"']?"
    r"(?P<scheme>basic|bearer|token|digest|apikey|negotiate)\s{1,4}(?P<value>[^\s\"',]+)",
    re.IGNORECASE,
)
_COOKIES = re.compile(
    r"(?<![\w-])(?P<name>(?:set-)?cookie)[\"']?\s{0,4}:\s{0,4}[\"']?(?P<value>[^\n\"']*=[^\n\"']*)",
    re.IGNORECASE,
)
_HEADER_HINT = re.compile(r"authorization|cookie", re.IGNORECASE)
_SEVERAL = re.compile(r"[\s<{]")
_COMMAND_HINT = re.compile(r"\s-|chpasswd|rabbitmqctl|\bmc\s|\bvault\s|sqlplus|\buser\s")


def _assigned(text: str, named: Named) -> Iterator[str]:
    if "://" in text:
        for match in _USERINFO.finditer(text):
            yield from _decoded(match["password"])
        for match in _USER.finditer(text):
            yield match["user"]
    for match in _QUERY.finditer(text):
        if is_secret_name(match["name"]):
            yield from _decoded(match["value"])
    for match in _ASSIGNMENT.finditer(text):
        if named(match["name"]):
            yield _unquoted(match["value"])


def _decoded(value: str) -> Iterator[str]:
    yield value
    if "%" in value:
        yield unquote(value)


def _of_scheme(scheme: str, value: str) -> Iterator[str]:
    yield value
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return
        yield pair.partition(":")[2]


def _unquoted(value: str) -> str:
    if value[:1] in "\"'" and value[-1:] == value[:1]:
        return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value[1:-1]
    return value.rstrip(".")


def _around(match: re.Match[str], group: str) -> str:
    start, end = (place - match.start() for place in match.span(group))
    return match[0] if match[group].startswith(("$", "{")) else _cut(match[0], start, end)


def _cut(text: str, start: int, end: int) -> str:
    return text[:start] + MASK + text[end:]


def _blank_query(match: re.Match[str]) -> str:
    if not is_secret_name(match["name"]) or match["value"] == MASK:
        return match[0]
    return _around(match, "value")


def _blank_cookies(match: re.Match[str]) -> str:
    """Masks the values of cookies; attributes of `Set-Cookie` stay, since they help debugging."""
    first, *others = match["value"].split(";")
    is_set = match["name"].lower().startswith("set-")
    parts = [_blank_pair(first), *(others if is_set else map(_blank_pair, others))]
    start = match.start("value") - match.start()
    return match[0][:start] + ";".join(parts)


def _blank_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value else pair
