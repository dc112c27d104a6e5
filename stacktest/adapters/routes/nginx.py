"""Host names of an nginx configuration and the service behind each location (extra `nginx`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacktest.adapters.routes.mounts import files_behind, shown
from stacktest.adapters.routes.upstream import main_first, route_to
from stacktest.core.model import Route, Stack
from stacktest.errors import ToolMissingError, UsageError

PASSES = {"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"}
"""Directives that hand the request to an upstream."""


def read_nginx(path: Path, stack: Stack) -> tuple[Route, ...]:
    """Routes of every `server` in the file and in the files that it includes."""
    reader = _Reader(stack=stack)
    top = tuple(reader.directives(path))
    return main_first([route for server in reader.servers(top) for route in reader.routes(server)])


# Private

_CATCH_ALL = {"_", "", "default_server"}
_MAX_INCLUDES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class _Directive:
    name: str
    words: tuple[str, ...]
    block: "tuple[_Directive, ...]"
    where: str


@dataclass(kw_only=True, slots=True)
class _Reader:
    stack: Stack
    upstreams: dict[str, str] = field(default_factory=dict)

    def directives(self, path: Path, depth: int = 0) -> Iterator[_Directive]:
        if depth > _MAX_INCLUDES:
            raise UsageError("`include` goes round in a circle", where=shown(path, self.stack))
        for item in _parse(path, self.stack):
            yield from self._converted(item, path, depth)

    def _converted(self, item: Mapping[str, Any], path: Path, depth: int) -> Iterator[_Directive]:
        if item["directive"] == "include":
            for included in files_behind(self.stack, path.parent, item["args"][0]):
                yield from self.directives(included, depth + 1)
            return
        block = tuple(
            inner
            for child in item.get("block") or ()
            for inner in self._converted(child, path, depth)
        )
        yield _Directive(
            name=item["directive"],
            words=tuple(item["args"]),
            block=block,
            where=f"{shown(path, self.stack)}:{item['line']}",
        )

    def servers(self, directives: tuple[_Directive, ...]) -> tuple[_Directive, ...]:
        inside = tuple(
            inner
            for item in directives
            for inner in (item.block if item.name == "http" else (item,))
        )
        for item in inside:
            targets = [inner.words[0] for inner in item.block if inner.name == "server"]
            if item.name == "upstream" and targets:
                self.upstreams[item.words[0]] = targets[0]
        return tuple(item for item in inside if item.name == "server")

    def routes(self, server: _Directive) -> Iterator[Route]:
        names = [word for item in server.block if item.name == "server_name" for word in item.words]
        hosts = dict.fromkeys(self._host(name) for name in names or ["_"])
        found = tuple(self._found(server, ""))
        for host in hosts:
            if host.startswith("~"):
                continue
            if not found:
                yield Route(host=host, where=server.where)
            for match, upstream, where in found:
                yield route_to(self.stack, host=host, upstream=upstream, match=match, where=where)

    def _host(self, name: str) -> str:
        return (self.stack.domain or "localhost") if name in _CATCH_ALL else name.lower()

    def _found(self, scope: _Directive, match: str) -> Iterator[tuple[str, str, str]]:
        values = {
            item.words[0]: item.words[1]
            for item in scope.block
            if item.name == "set" and len(item.words) > 1
        }
        for item in scope.block:
            if item.name == "location":
                yield from self._found(item, _match(item.words))
            elif item.name in PASSES:
                yield match, self._target(item.words[0], values), item.where
            elif item.name == "return" or (item.name == "root" and match):
                yield match, "", item.where

    def _target(self, written: str, values: Mapping[str, str]) -> str:
        for name, value in values.items():
            written = written.replace(name, value)
        scheme, separator, rest = written.rpartition("://")
        name, slash, tail = rest.partition("/")
        return f"{scheme}{separator}{self.upstreams.get(name, name)}{slash}{tail}"


def _match(words: tuple[str, ...]) -> str:
    if words[0] in {"=", "^~"}:
        return words[1] if words[0] == "=" else f"{words[1]}*"
    if words[0] in {"~", "~*"}:
        return f"@{words[1]}"
    return "" if words[0] == "/" else f"{words[0]}*"


def _parse(path: Path, stack: Stack) -> list[Mapping[str, Any]]:
    try:
        import crossplane
    except ImportError:
        raise ToolMissingError(
            "nginx configurations are read with crossplane, which is not installed",
            where=shown(path, stack),
            hint="pip install 'stacktest[nginx]'",
        ) from None
    # Files under conf.d are fragments: where a directive may stand cannot be judged in them.
    payload = crossplane.parse(str(path), single=True, check_ctx=False)
    if payload["errors"]:
        first = payload["errors"][0]
        reason = str(first["error"]).replace(f" in {path}:{first['line']}", "")
        raise UsageError(
            f"the nginx configuration cannot be read: {reason.replace(str(path), path.name)}",
            where=f"{shown(path, stack)}:{first['line'] or 1}",
            hint="correct the file, or `routes` under [stack]",
            code="SK-ROUTES",
        )
    parsed: list[Mapping[str, Any]] = payload["config"][0]["parsed"]
    return parsed
