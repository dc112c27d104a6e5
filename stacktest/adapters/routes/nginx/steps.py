"""The steps that single directives of nginx become."""

import re
from collections.abc import Iterator

from stacktest.adapters.routes.nginx.locations import PASSES, Location
from stacktest.adapters.routes.nginx.source import SILENT, UNSEEN, Directive
from stacktest.adapters.routes.nginx.variables import Variables
from stacktest.core.changed_copy import replace
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS, NOT_2XX, PathCondition, Route

_CACHES = tuple(f"{kind}_cache" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
_CACHE_METHODS = frozenset(f"{name}_methods" for name in _CACHES)
_SIGN_INS = {
    name: frozenset({401, 403})
    for name in ("auth_basic", "auth_digest", "auth_gss", "auth_jwt", "auth_ldap", "auth_pam")
} | {"auth_oidc": NOT_2XX}
"""Directives that require a sign-in, most from add-on modules → the statuses of a refusal."""
_FLAGS = {"permanent": 301, "redirect": 302}
_OPERANDS = 3
_SIGNS = frozenset({"~", "~*", "!~", "!~*"})


def slash_redirect(location: Location, locations: tuple[Location, ...]) -> Iterator[Route]:
    """The redirect from `/api` to `/api/` if only the latter is passed to an upstream."""
    path = location.path.rstrip("/")
    is_proxied = any(item.name in PASSES for item in location.chain[0].block)
    is_prefix = location.kind in {"", "^~"} and location.path == f"{path}/" and bool(path)
    is_named = any(other.path == path and other.kind != "~" for other in locations)
    if is_prefix and is_proxied and not is_named:
        condition = PathCondition(patterns=(rf"^{re.escape(path)}\Z",))
        own = own_step(location.chain[0], frozenset({301}))
        yield replace(own, conditions=(condition,), match=path, is_guard=True)


def cached(chain: tuple[Directive, ...]) -> Iterator[Route]:
    """The guard of a cache: it may serve an answer from before the upstream failed."""
    for item in inherited(chain, *_CACHES)[-1:]:
        if item.words[:1] != ("off",):
            more = (
                word
                for around in chain
                for i in around.block
                if i.name in _CACHE_METHODS
                for word in i.words
            )
            methods = frozenset({"GET", "HEAD", *map(str.upper, more)})
            yield replace(guard_step(item, ANY_STATUS, is_hidden=True), methods=methods)


def signed_in(chain: tuple[Directive, ...]) -> Iterator[Route]:
    """The guards of modules that require a sign-in or inspect the request before anything else."""
    for name, statuses in _SIGN_INS.items():
        for item in inherited(chain, name)[-1:]:
            if item.words[:1] != ("off",):
                yield guard_step(item, statuses)
    for item in inherited(chain, "modsecurity")[-1:]:
        if item.words[:1] == ("on",):
            yield guard_step(item, NOT_2XX, is_hidden=True)


def refused(chain: tuple[Directive, ...]) -> Iterator[Route]:
    """The guards that refuse some requests: by method, by rate, or without a client certificate."""
    for item in chain[0].all("limit_except"):
        yield guard_step(item, frozenset({401, 403}), is_hidden=True)
    for item in inherited(chain, "limit_req_status", "limit_conn_status"):
        if item.words and (status := whole_number(item.words[0])):
            yield guard_step(item, frozenset({status}), is_hidden=True)
    for item in inherited(chain, "ssl_verify_client"):
        if item.words[:1] != ("off",):
            yield guard_step(item, frozenset({400}), is_hidden=True)


def inherited(chain: tuple[Directive, ...], *names: str) -> tuple[Directive, ...]:
    """The directives of the innermost block that has any of them."""
    for around in chain:
        if items := tuple(item for item in around.block if item.name in names):
            return items
    return ()


def own_step(item: Directive, statuses: frozenset[int]) -> Route:
    """The step of a directive with which nginx itself answers."""
    return Route(host="", where=item.where, statuses=statuses)


def guard_step(item: Directive, statuses: frozenset[int], *, is_hidden: bool = False) -> Route:
    """The step of a directive that answers some requests itself and lets others pass."""
    return replace(own_step(item, statuses), is_final=False, is_guard=True, is_hidden=is_hidden)


def unseen_step(step: Route, item: Directive) -> Route:
    """The step, unknown because it depends on an `include` whose file is only in the container."""
    return replace(step, unknown=f"what {item.words[0]} says, which no mount shows")


def unseen_content(block: Directive) -> Route | None:
    """The unknown step of a block that includes an unseen file; in a location even a silent one."""
    names = {UNSEEN, SILENT} if block.name == "location" else {UNSEEN}
    files = sorted(
        (item for item in block.block if item.name in names), key=lambda item: item.name == SILENT
    )
    return unseen_step(own_step(files[0], ANY_STATUS), files[0]) if files else None


def return_statuses(item: Directive, variables: Variables) -> frozenset[int]:
    """The statuses that a `return` answers with."""
    code = variables.expand(item.words[0]) if item.words else "404"
    if status := whole_number(code):
        return frozenset({status})
    return frozenset({302}) if re.match(r"https?:|\$scheme", code) else ANY_STATUS


def rewrite_step(item: Directive, level: int) -> Route:
    """The step of a `rewrite`: a redirect, or another path for later steps."""
    expression, target, *flags = item.words
    condition = PathCondition(patterns=(expression,), level=level)
    flag = flags[0] if flags else ""
    is_address = re.match(r"https?:|\$scheme", target)
    if flag in _FLAGS or is_address:
        own = own_step(item, frozenset({_FLAGS.get(flag, 302)}))
        always = expression in {"^", "^/", ".*", "^.*$", "^(.*)$", "^/(.*)$", "^/.*$", "(.*)"}
        return own if always else replace(own, conditions=(condition,), match=f"@{expression}")
    if level and flag != "break":
        why = "the path is rewritten, and nginx looks for a location again"
        return replace(
            own_step(item, ANY_STATUS),
            conditions=(condition,),
            unknown=why,
            match=f"@{expression}",
            is_guard=True,
        )
    return replace(guard_step(item, frozenset()), conditions=(condition,), rewrites=level)


def under_condition(words: tuple[str, ...], step: Route) -> Route:
    """The step under the condition of an `if` that depends on the request."""
    text = f"@if {' '.join(words[:2])}".rstrip()
    if len(words) > _OPERANDS - 1 and words[0] == "$request_method" and words[1] == "=":
        return replace(step, methods=frozenset({words[2].upper()}), match=step.match or text)
    if len(words) > _OPERANDS - 1 and words[0] in {"$uri", "$request_uri"} and words[1] in _SIGNS:
        fold = "(?i)" if words[1].endswith("*") else ""
        condition = PathCondition(patterns=(fold + words[2],), negated=words[1].startswith("!"))
        return replace(
            step,
            conditions=(condition, *step.conditions),
            is_hidden=step.is_hidden or words[0] == "$request_uri",
            match=step.match or text,
        )
    return replace(step, is_hidden=True, match=step.match or text)
