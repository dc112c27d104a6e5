"""Secrets in settings that are not `name = value`: directives, XML, blocks, lists, calls.

proxy_set_header X-Api-Key SECRET;        <password>SECRET</password>
password: |                               name="password" value="SECRET"
  SECRET                                  define('DB_PASSWORD', 'SECRET');
api_keys: [SECRET, SECRET]                IDENTIFIED BY 'SECRET'
password: several words
"""

import re
from collections.abc import Callable, Iterable, Iterator

from stacktest.core.secret_names import is_plain_secret_name


def secrets_in_blocks(text: str, named: Callable[[str], bool]) -> Iterator[str]:
    """Values of secret settings in directives, elements, blocks and lists; `named` judges names."""
    for match in _matches(_DIRECTIVES, text):
        if is_plain_secret_name(match["name"]):
            yield _bare(match["value"])
    for match in _matches(_VALUES, text):
        if named(match["name"]):
            yield _bare(match["value"])
    for match in _matches(_SEVERAL, text):
        # In a compose file `secrets` is a list of names.
        if match["name"] != "secrets" and named(match["name"]):
            yield from map(_bare, re.split(r"[\n,]", match["items"]))
    for match in _STATEMENT.finditer(text):
        yield match["value"]


# Private

_NAME = r"(?P<name>[A-Za-z][\w.-]{1,60})"
_QUOTED = r"\"[^\"\n]+\"|'[^'\n]+'"
_DIRECTIVES = (
    re.compile(rf"^[ \t]*{_NAME}[ \t]+(?P<value>{_QUOTED}|[^\s;#]+);?[ \t]*$", re.MULTILINE),
    # After other words, a value without digits or signs may be plain text: it does not count.
    re.compile(
        rf"[ \t$]{_NAME}[ \t]+(?P<value>{_QUOTED}|(?=\S*[\d_+/=!-])[^\s;#\"']+);?[ \t]*$",
        re.MULTILINE,
    ),
)
_VALUES = (
    re.compile(rf"<(?:\w+:)?{_NAME}(?:\s[^<>]*)?>\s{{0,20}}(?P<value>[^<>\s][^<>]{{3,4000}})</"),
    re.compile(
        rf"\b(?:name|key)[\"']?\s?[=:]\s{{0,4}}[\"']?{_NAME}[\"']?,?\s{{0,40}}"
        rf"[\"']?value[\"']?\s?[=:]\s{{0,4}}(?P<value>{_QUOTED}|[^\s\"'<>,}}]+)"
    ),
    re.compile(
        rf"\b(?:define|env|getenv|get)\(\s{{0,4}}[\"']{_NAME}[\"']\s{{0,4}},\s{{0,4}}"
        rf"(?P<value>{_QUOTED})"
    ),
    # The rest of the line where the value has several words; also for `$name = …` of a program.
    re.compile(
        rf"^[ \t]*(?:-[ \t]+|export[ \t]+|\$)?{_NAME}[ \t]{{0,8}}[:=][ \t]{{0,8}}"
        rf"(?P<value>{_QUOTED}|[^\s\"'#\[{{|>(][^\n#]*[ \t][^\n#]*);?[ \t]*$",
        re.MULTILINE,
    ),
)
_SEVERAL = (
    re.compile(rf"(?<![\w$.-]){_NAME}[\"']?\s{{0,8}}[:=]\s{{0,8}}\[(?P<items>[^\[\]]{{4,4000}})\]"),
    re.compile(
        rf"(?<![\w$.-]){_NAME}[\"']?[ \t]{{0,8}}:[ \t]*(?P<items>(?:\n[ \t]*-[ \t][^\n]+){{1,64}})"
    ),
    re.compile(
        rf"^(?P<indent>[ \t]*)(?:-[ \t]+)?{_NAME}:[ \t]*[|>][-+\d]*[ \t]*"
        r"(?P<items>(?:\n(?P=indent)[ \t]+\S[^\n]*){1,64})",
        re.MULTILINE,
    ),
)
_STATEMENT = re.compile(
    r"\b(?:IDENTIFIED\s+(?:WITH\s+\S+\s+)?BY|PASSWORD|pwd[\"']?\s{0,4}[:=])\s{0,4}[(=]?\s{0,4}"
    r"[\"'](?P<value>[^\"'\n]+)[\"']",
    re.IGNORECASE,
)


def _matches(patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)


def _bare(value: str) -> str:
    """A value without quotes and separators."""
    return value.strip().removeprefix("- ").rstrip(",;").strip(" \t\"'")
