"""The steps of a block of a Caddyfile: what answers a request, in the order in which Caddy acts.

reverse_proxy, php_fastcgi      an upstream
respond, redir, file_server …   Caddy itself, with the statuses that the line names
basic_auth, forward_auth …      a guard: Caddy, or the service that it asks, may answer first
intercept, handle_response      Caddy itself may replace the answer of an upstream
rewrite, uri, try_files         the path is changed for the steps that follow
handle, handle_path, route      blocks; of adjacent `handle`s only the first that matches acts
handle_errors                   the answers to Caddy's own failures
any other that is not known     a plugin, which may give any answer
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from stacktest.adapters.foreign_paths import is_file
from stacktest.adapters.routes.caddy.imports import MAX_DEPTH, broken
from stacktest.adapters.routes.caddy.lexer import Line, Token
from stacktest.adapters.routes.caddy.matchers import Matcher, named_matchers, split_matcher
from stacktest.adapters.routes.caddy.own_answers import (
    SILENT,
    answered,
    error_statuses,
    statuses_of,
)
from stacktest.adapters.routes.mounts import folder_behind
from stacktest.adapters.routes.ordered import is_certain, shared
from stacktest.adapters.routes.upstream import route_to
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.route import ANY_STATUS, NOT_2XX, STATIC_FILE, PathCondition, Route

GUARDS = {
    "basicauth": frozenset({401}),
    "basic_auth": frozenset({401}),
    "rate_limit": frozenset({429}),
    "crowdsec": frozenset({403, 429}),
    "appsec": frozenset({403}),
    "coraza_waf": frozenset({403, 500}),
    "authorize": NOT_2XX,
}
"""Directive that may answer before the later ones → the statuses of its answers."""
_BLOCKS = frozenset({"handle", "handle_path", "route", "invoke"})
_LABEL = re.compile(r"\{(?:http\.request\.)?(?:host\.)?labels\.(\d{1,4})\}")


class Block(Struct, frozen=True, kw_only=True):
    """The context of one block: the host it is read for, and settings that its lines inherit."""

    stack: Stack
    host: str
    named_routes: Mapping[str, tuple[Line, ...]]
    order: Mapping[str, int]
    matchers: Mapping[str, Matcher] = field(default_factory=dict)
    root: str | None = None
    """The folder on this side whose files are served; empty: not known; None: no `root`."""
    error_statuses: frozenset[int] = frozenset()
    """The statuses that `handle_errors` may answer a failure with."""
    level: int = 0
    is_sorted: bool = True
    changes_method: bool = False
    """Whether a `method` directive is in the block or around it, so method matchers are unsure."""


def steps_of(lines: tuple[Line, ...], block: Block) -> Iterator[Route]:
    """The steps of the lines for the block's host."""
    if block.level > MAX_DEPTH:
        raise broken("`invoke` forms a cycle", lines[0])
    matchers = {**block.matchers, **dict(named_matchers(lines, block.level))}
    scope = replace(
        block,
        matchers=matchers,
        root=_root(lines, block),
        changes_method=block.changes_method or _has_method(lines),
    )
    if statuses := error_statuses(lines):
        scope = replace(scope, error_statuses=statuses | block.error_statuses)
        first = next(line for line in lines if line.name == "handle_errors")
        yield _guard(first, statuses, is_hidden=True)
    before: list[Matcher] = []
    parts = _sorted(lines, scope)
    for line, matcher, words in parts:
        if not matcher.fits_host(block.host):
            continue
        steps = list(_steps(line, words, scope))
        if line.name in {"handle", "handle_path"}:
            steps = _until_certain(steps)
            if line.name == "handle_path":
                steps = [_stripped(step) for step in steps]
            is_open = not any(map(is_certain, steps))
            for other in before:
                steps = [other.exclude(step) for step in steps]
            before += [matcher] * is_open
        if _may_come_after_another(line, matcher, parts, scope):
            steps = [replace(step, is_hidden=True) for step in steps]
        steps += _left_rewritten(line, steps, scope)
        narrowed = (matcher.narrow(step) for step in steps)
        yield from map(_of_any_method, narrowed) if scope.changes_method else narrowed


# Private


_Part = tuple[Line, Matcher, tuple[Token, ...]]
"""A directive, its matcher, and the words after the matcher."""


def _sorted(lines: tuple[Line, ...], block: Block) -> list[_Part]:
    """The directives as Caddy orders them: by kind, then the more specific path first."""
    acting = [line for line in lines if line.tokens and not line.name.startswith("@")]
    parts: list[_Part] = [
        (line, *split_matcher(line, block.matchers, block.level))
        for line in acting
        if line.name not in SILENT
    ]
    if not block.is_sorted:
        return parts
    ordered: list[_Part] = []
    for part in parts:
        # The comparison is not transitive, so the pairs compared matter: insert, as Caddy does.
        place = len(ordered)
        while place and _comes_before(part, ordered[place - 1], block):
            place -= 1
        ordered.insert(place, part)
    return ordered


def _comes_before(part: _Part, other: _Part, block: Block) -> bool:
    rank, other_rank = _rank(part[0], block), _rank(other[0], block)
    if rank != other_rank:
        return rank < other_rank
    path, other_path = part[1].path, other[1].path
    if path and other_path:
        if path.removesuffix("*") == other_path.removesuffix("*"):
            return len(path) < len(other_path)
        return len(path) > len(other_path)
    return part[1].is_present and not other[1].is_present


def _may_come_after_another(line: Line, matcher: Matcher, parts: list[_Part], block: Block) -> bool:
    """Whether some versions of Caddy take `/docs*` before this `/docs`, as it is longer."""
    longer = f"{matcher.path}*"
    return bool(block.is_sorted and matcher.path) and any(
        rival.path == longer and _rank(other, block) == _rank(line, block)
        for other, rival, _ in parts
    )


def _rank(line: Line, block: Block) -> int:
    name = "handle" if line.name == "handle_path" else line.name
    # A plugin's place is set by the option `order`; without it Caddy allows it in `route` only.
    return block.order.get(name, -1)


def _steps(line: Line, words: tuple[Token, ...], block: Block) -> Iterator[Route]:
    name = line.name
    if name in SILENT:
        return
    if name in {"handle", "handle_path", "route"}:
        inner = replace(block, level=block.level + 1, is_sorted=name != "route")
        yield from steps_of(line.block or (), inner)
    elif name == "invoke":
        yield from _invoked(line, words, block)
    elif name in {"reverse_proxy", "forward_auth"}:
        yield from _proxied(line, words, block)
    elif name == "php_fastcgi":
        yield from _php(line, words, block)
    elif name == "file_server":
        yield from _files(line, block)
    elif name == "intercept":
        yield from _replaced(line)
    else:
        yield _simple(line, words, block)


def _simple(line: Line, words: tuple[Token, ...], block: Block) -> Route:
    name = line.name
    if name in {"rewrite", "uri", "try_files"}:
        step = _guard(line, frozenset(), is_hidden=name == "try_files")
        return replace(step, rewrites=block.level)
    if (statuses := statuses_of(name, words)) is not None:
        is_replaced = name == "error" and block.error_statuses
        return Route(host="", where=line.where, statuses=ANY_STATUS if is_replaced else statuses)
    if name in GUARDS:
        return _guard(line, GUARDS[name])
    why = f"what the directive `{name}` answers"
    return replace(_guard(line, ANY_STATUS, is_hidden=True), unknown=why)


def _guard(line: Line, statuses: frozenset[int], *, is_hidden: bool = False) -> Route:
    return Route(
        host="",
        where=line.where,
        statuses=statuses,
        is_final=False,
        is_guard=True,
        is_hidden=is_hidden,
    )


def _has_method(lines: tuple[Line, ...]) -> bool:
    return any(line.name == "method" or _has_method(line.block or ()) for line in lines)


def _of_any_method(step: Route) -> Route:
    """The step with its method condition replaced by `is_hidden`: the method was changed before."""
    return replace(step, methods=frozenset(), is_hidden=True) if step.methods else step


def _left_rewritten(line: Line, steps: list[Route], block: Block) -> list[Route]:
    """The steps that say a block changed the path for later lines; none if no later is reached."""
    if line.name not in _BLOCKS or any(map(is_certain, steps)):
        return []
    left = [replace(step, rewrites=block.level) for step in steps if step.rewrites is not None]
    if line.name == "handle_path":
        left.append(replace(_guard(line, frozenset()), rewrites=block.level))
    return left


def _until_certain(steps: list[Route]) -> list[Route]:
    for place, step in enumerate(steps):
        if is_certain(step):
            return steps[: place + 1]
    return steps


def _stripped(step: Route) -> Route:
    """A step that sees the path without its prefix, so its conditions on the path are not known."""
    files = "" if step.files is not None else None
    if not step.conditions and files is None:
        return step
    return replace(step, conditions=(), is_hidden=True, files=files)


def _invoked(line: Line, words: tuple[Token, ...], block: Block) -> Iterator[Route]:
    name = words[-1].text if words else ""
    if name not in block.named_routes:
        raise broken(f"`invoke {name}`: no such named route", line)
    yield from steps_of(block.named_routes[name], replace(block, level=block.level + 1))


def _proxied(line: Line, words: tuple[Token, ...], block: Block) -> Iterator[Route]:
    steps = shared([_to(line, upstream, block) for upstream in _upstreams(line, words)])
    # `handle_response` blocks replace the upstream's answer, pass it on, or let the request go on.
    replaced = list(_replaced(line))
    if line.name == "forward_auth":
        asked = (replace(step, statuses=NOT_2XX, is_final=False, is_guard=True) for step in steps)
        yield from (*replaced, *asked)
        return
    handled = _handled(line)
    if handled and not replaced and not any(item.name == "copy_response" for item in handled):
        steps = [replace(step, is_final=False, is_guard=True) for step in steps]
    yield from (*replaced, *steps)


def _replaced(line: Line) -> Iterator[Route]:
    """The guard for the answers with which Caddy replaces an upstream's."""
    if statuses := answered(_handled(line), of_files=ANY_STATUS):
        yield _guard(line, statuses, is_hidden=True)


def _handled(line: Line) -> tuple[Line, ...]:
    """The lines in all `handle_response` blocks of a directive."""
    blocks = (inner for inner in line.block or () if inner.name == "handle_response")
    return tuple(item for block in blocks for item in block.block or ())


def _to(line: Line, upstream: Token, block: Block) -> Route:
    where = line.where
    if upstream.unset:
        why = f"the variable {upstream.unset} is not set in the front door's environment"
        return Route(host="", where=where, upstream=upstream.text or "{$}", unknown=why)
    text = re.sub(r"^tcp[46]?/", "", _of_host(upstream.text, block))
    return route_to(block.stack, host="", upstream=text, where=where)


def _of_host(text: str, block: Block) -> str:
    """The text with `{env.NAME}` filled in, and for a single host `{host}` and `{labels.N}`."""
    door = block.stack.services.get(block.stack.front_door)
    for name, value in (door.environment if door else {}).items():
        text = text.replace(f"{{env.{name}}}", value or "")
    if "*" in block.host or not block.host:
        return text
    labels = block.host.split(".")[::-1]
    text = re.sub(r"\{(?:http\.request\.)?host\}", lambda _: block.host, text)
    return _LABEL.sub(lambda m: labels[int(m[1])] if int(m[1]) < len(labels) else m[0], text)


def _upstreams(line: Line, words: tuple[Token, ...]) -> list[Token]:
    upstreams = list(words)
    for inner in line.block or ():
        if inner.name == "to":
            upstreams += inner.tokens[1:]
        elif inner.name == "dynamic" and inner.words[:1] != ("a",):
            upstreams.append(Token(text=f"{{{' '.join(inner.words[:2])}}}"))
        elif inner.name == "dynamic":
            names = [rule.words[0] for rule in inner.block or () if rule.name == "name"]
            ports = [rule.words[0] for rule in inner.block or () if rule.name == "port"]
            host = (*inner.words[1:2], *names)[:1]
            port = (*inner.words[2:3], *ports)[:1]
            upstreams.append(Token(text=":".join((*host, *port))))
    if not upstreams:
        raise broken(f"`{line.name}` has no upstream", line)
    return upstreams


def _root(lines: tuple[Line, ...], block: Block) -> str | None:
    """The folder of a `root` for all paths; empty (not known) if several or for some paths only."""
    roots = [line for line in lines if line.name == "root" and line.words]
    if not roots:
        return block.root
    plain = [line for line in roots if len(line.words) == 1 or line.words[0] == "*"]
    if len(roots) > 1 or not plain:
        return ""
    return _folder(plain[0].words[-1], block)


def _folder(path: str, block: Block) -> str:
    return folder_behind(block.stack, path) if path.startswith("/") and "{" not in path else ""


def _php(line: Line, words: tuple[Token, ...], block: Block) -> Iterator[Route]:
    """PHP programs below the root, and `index.php` for every path that is not a file there."""
    options = {inner.name: inner.words for inner in line.block or ()}
    root = _folder(options["root"][-1], block) if options.get("root") else block.root or ""
    upstreams = shared([_to(line, upstream, block) for upstream in _upstreams(line, words)])
    script = PathCondition(patterns=(r"(?is)\.php\Z",), level=block.level)
    other = replace(script, negated=True)
    no_slash = PathCondition(patterns=("/$",), negated=True, level=block.level)
    own = Route(host="", where=line.where, match="file")
    yield replace(
        own,
        files=root,
        index="index.php",
        conditions=(no_slash,),
        statuses=frozenset({308}),
        is_guard=True,
    )
    yield replace(own, files=root, conditions=(other,), is_guard=True)
    yield from (replace(step, conditions=(script,), match="*.php") for step in upstreams)
    index = options.get("index") or ("index.php",)
    if index == ("off",):
        return
    is_sure = bool(root) and "try_files" not in options and is_file(Path(root, index[0]))
    if root and not is_sure and "try_files" not in options:
        yield from (replace(s, files=root, index=index[0], match="folder") for s in upstreams)
        return
    yield from (replace(step, is_hidden=not is_sure) for step in upstreams)


def _files(line: Line, block: Block) -> Iterator[Route]:
    options = {inner.name: inner.words for inner in line.block or ()}
    if "pass_thru" not in options:
        yield Route(host="", where=line.where)
        return
    root = _folder(options["root"][-1], block) if options.get("root") else block.root or ""
    own = Route(host="", where=line.where, files=root, statuses=STATIC_FILE, match="file")
    yield replace(own, is_guard=True)
    for index in options.get("index") or ("index.html", "index.txt"):
        yield replace(own, index=index, is_guard=True)
