"""Files mounted into nginx-proxy whose directives may answer in place of a service.

vhost.d/HOST, else default                       included in the `server` of the host
vhost.d/HOST_location, else default_location     in its locations; HOST_*: in one of them
proxy.conf, conf.d/*.conf                        outside all servers; may define further servers
"""

import itertools
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stacktest.adapters.routes.mounts import mounted_files, shown
from stacktest.adapters.routes.nginx.variables import fits_name
from stacktest.core.model import Stack


def acting_lines(stack: Stack, host: str) -> Iterator[str]:
    """`file:line` of the first directive of each file that may answer for a host name."""
    for path in _files_of(stack, host):
        yield from _first_place(path, stack, _acting)
    for path in _shared_files(stack):
        yield from _first_place(path, stack, lambda items: _beside_all(items, host))


# Private

_Statement = tuple[int, int, list[str]]
"""Line number, nesting depth and words of a directive."""
_Choose = Callable[[Iterable[_Statement]], Iterator[int]]


def _first_place(path: Path, stack: Stack, choose: _Choose) -> Iterator[str]:
    """`file:line` of the first chosen line; the file alone if it cannot be read."""
    name = shown(path, stack)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        yield name
        return
    yield from (f"{name}:{line}" for line in itertools.islice(choose(_statements(text)), 1))


def _statements(text: str) -> Iterator[_Statement]:
    depth, line, words = 0, 0, list[str]()
    for token in _TOKEN.finditer(text):
        if token[0].startswith("#"):
            continue
        if token[0] not in _MARKS:
            line = line if words else text.count("\n", 0, token.start()) + 1
            words.append(token[0])
            continue
        if words:
            yield line, depth, words
        words = []
        depth += _MARKS[token[0]]


_MARKS = {";": 0, "{": 1, "}": -1}
_TOKEN = re.compile(
    r"""\#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[;{}]|(?:\$\{\w+\}|[^\s;{}])+""", re.DOTALL
)
_BESIDE_ALL = (
    r"deny|auth_\w+|error_page|limit_(?:req|conn|except)|(?:proxy|fastcgi|uwsgi|scgi)_cache|"
    r"\w+_by_lua\w*|modsecurity"
)
_EVERYWHERE = re.compile(_BESIDE_ALL)
_ACTING = re.compile(
    r"return|rewrite|location|allow|\w+_pass|try_files|if|root|alias|index|include|internal|perl|"
    rf"js_content|stub_status|empty_gif|dav_methods|ssl_verify_client|{_BESIDE_ALL}"
)
"""Directives with which nginx may answer itself or pass the request to another upstream."""


def _files_of(stack: Stack, host: str) -> Iterator[Path]:
    files = {
        posixpath.basename(target).lower(): path
        for target, path in mounted_files(stack, "/etc/nginx/vhost.d/*").items()
    }
    for suffix in ("", "_location"):
        name = f"{host}{suffix}" if f"{host}{suffix}" in files else f"default{suffix}"
        yield from (files[name],) if name in files else ()
    yield from (
        files[name]
        for name in sorted(files)
        if name.startswith(f"{host}_") and name != f"{host}_location"
    )


def _shared_files(stack: Stack) -> Iterator[Path]:
    yield from mounted_files(stack, "/etc/nginx/proxy.conf").values()
    for target, path in mounted_files(stack, "/etc/nginx/conf.d/*.conf").items():
        # nginx-proxy generates this file.
        if posixpath.basename(target) != "default.conf":
            yield path


def _acting(statements: Iterable[_Statement]) -> Iterator[int]:
    yield from (line for line, _, words in statements if _ACTING.fullmatch(words[0]))


def _beside_all(statements: Iterable[_Statement], host: str) -> Iterator[int]:
    for line, depth, words in statements:
        names = words[1:] if words[0] == "server_name" else []
        is_for_host = any(fits_name(name, host) or fits_name(host, name) for name in names)
        if is_for_host or (not depth and _EVERYWHERE.fullmatch(words[0])):
            yield line
