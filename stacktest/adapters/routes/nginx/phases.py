"""The steps of a request in one nginx `server` or `location`, phase by phase.

rewrite    set, if, return, rewrite, in the order of the file
access     allow and deny, auth_basic, auth_request: guards that answer 401 or 403 themselves
try        try_files: a file that the front door serves itself, or another location
content    proxy_pass, fastcgi_pass …: an upstream; else files below `root`
errors     error_page: the answers to nginx's own failures
"""

import re
from collections.abc import Iterator
from itertools import count

from msgspec import Struct, field

from stacktest.adapters.routes.mounts import folder_behind
from stacktest.adapters.routes.nginx.error_pages import (
    ErrorPage,
    error_page,
    failures_of_a_proxy,
    missing_page,
    refusals,
)
from stacktest.adapters.routes.nginx.locations import (
    PASSES,
    Location,
    location_for,
    locations_of,
    named_location,
    path_of,
)
from stacktest.adapters.routes.nginx.rewritten import Rewritten, rewritten
from stacktest.adapters.routes.nginx.source import Directive
from stacktest.adapters.routes.nginx.steps import (
    cached,
    guard_step,
    inherited,
    own_step,
    refused,
    signed_in,
    slash_redirect,
    under_condition,
    unseen_content,
)
from stacktest.adapters.routes.nginx.upstreams import Upstreams
from stacktest.adapters.routes.nginx.variables import Variables
from stacktest.adapters.routes.ordered import is_certain
from stacktest.core.changed_copy import replace
from stacktest.core.model import Stack
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS, STATIC_FILE, Route
from stacktest.core.unknown import Unknown

_REFUSED = frozenset({401, 403})
_FAILED = frozenset({500})
_NO_UPSTREAM = frozenset({500, 502, 503, 504})
_OWN_CONTENT = frozenset({"stub_status", "empty_gif", "js_content", "perl", "memcached_pass"})
_METHODS = frozenset(
    [
        *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
        *("COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "UNLOCK"),
    ]
)
_MOST_JUMPS = 8
_MOST_BRANCHES = 3000
"""Locations that try one another can be entered in millions of orders."""
_PATH_VARIABLE = re.compile(r"\$\{?(?:request_uri|uri|document_uri|is_args|args)\b")
"""Variables that may directly follow an upstream's address, as in `http://app$request_uri`."""


class Phases(Struct, frozen=True, kw_only=True):
    """The steps of one server for one host: `steps`, put together by the other methods.

    A `chain` is a block and the blocks around it, from inner to outer.
    """

    stack: Stack
    server: tuple[Directive, ...]
    """The server and the `http` block around it."""
    upstreams: Upstreams
    variables: Variables
    in_error_page: bool = False
    """Whether an `error_page` led here: then no further one is applied, see `_fails_again`."""
    jumps: int = 0
    """How many internal redirects led here."""
    followed: Iterator[int] = field(default_factory=count)
    """Counts all internal redirects that were followed for the host."""

    def steps(self) -> Iterator[Route]:
        """All steps that the server may take for a request, in its order."""
        done = self.rewrites(self.server, self.variables, level=0)
        yield from done.steps
        if any(map(is_certain, done.steps)):
            return
        variables = done.variables
        inner = replace(self, variables=variables)
        locations = locations_of(self.server)
        exact = [location for location in locations if location.kind == "="]
        for location in exact:
            yield from _narrowed(location, inner.location_steps(location))
        for location in locations:
            yield from slash_redirect(location, locations)
        for location in locations[len(exact) :]:
            yield from _narrowed(location, inner.location_steps(location))
        yield from inner.after_rewrite(self.server, variables)

    def location_steps(self, location: Location) -> list[Route]:
        """The steps of a request for which the location was selected."""
        done = self.rewrites(location.chain, self.variables, level=1)
        steps = list(done.steps)
        if not any(map(is_certain, steps)):
            steps += self.after_rewrite(location.chain, done.variables)
        if location.chain[0].all("internal") and not self.jumps:
            return [own_step(location.chain[0], frozenset({404}))]
        return steps

    def rewrites(
        self, chain: tuple[Directive, ...], variables: Variables, *, level: int
    ) -> Rewritten:
        """The effect of set, if, return, rewrite and break in the innermost block."""
        done = Rewritten(variables=variables)
        for place, item in enumerate(chain[0].block):
            if done.has_ended:
                break
            if item.name == "if":
                later = chain[0].block[place + 1 :]
                done = done.followed_by(self._if(item, chain, done.variables, level, later))
            else:
                done = done.followed_by(rewritten(item, done.variables, level))
        return done

    def _if(
        self,
        item: Directive,
        chain: tuple[Directive, ...],
        variables: Variables,
        level: int,
        later: tuple[Directive, ...],
    ) -> Rewritten:
        holds = variables.holds(item.words)
        if holds is False:
            return Rewritten(variables=variables)
        inner = self.rewrites((item, *chain), variables, level=level)
        passes = self.passes(item, inner.variables) or self._without_try_files(chain, inner)
        if not inner.has_ended and any(_overrules(other, variables) for other in later):
            passes = [replace(step, is_hidden=True) for step in passes]
        steps = (*inner.steps, *passes)
        if holds is None:
            steps = tuple(under_condition(item.words, step) for step in steps)
            return inner.perhaps(variables, steps)
        return replace(inner, steps=steps)

    def _without_try_files(self, chain: tuple[Directive, ...], inner: Rewritten) -> list[Route]:
        """The files of a location where an `if` holds: `try_files` does not apply within it."""
        has_left = any(map(is_certain, inner.steps))
        is_bare = bool(chain[0].all("try_files")) and not self.passes(chain[0], self.variables)
        return self.static_files(chain) if is_bare and not has_left else []

    def after_rewrite(self, chain: tuple[Directive, ...], variables: Variables) -> list[Route]:
        """The steps of the phases after the rewrite phase."""
        here = replace(self, variables=variables)
        steps = [*here.error_pages(chain), *here.access(chain)]
        steps += [*cached(chain), *here.other_methods(chain[0])]
        content = here.passes(chain[0], variables)
        own = any(item.name in _OWN_CONTENT for item in chain[0].block)
        if files := chain[0].all("try_files"):
            return steps + here.try_files(files[-1], chain, content)
        if content or own:
            return steps + (content or [own_step(chain[0], ANY_STATUS)])
        if elsewhere := unseen_content(chain[0]):
            return [*steps, elsewhere]
        return steps + here.static_files(chain)

    def access(self, chain: tuple[Directive, ...]) -> Iterator[Route]:
        """The guards of the access phase."""
        rules = inherited(chain, "allow", "deny")
        if any(item.name == "deny" for item in rules):
            is_closed = rules[0].name == "deny" and rules[0].words == ("all",)
            yield guard_step(rules[0], frozenset({403}), is_hidden=not is_closed)
        yield from signed_in(chain)
        yield from refused(chain)
        for item in (i for around in chain for i in around.block):
            if "_by_lua" in item.name or item.name == "js_access":
                why = f"what the directive `{item.name}` answers"
                yield replace(guard_step(item, ANY_STATUS, is_hidden=True), unknown=why)
        yield from self._auth_request(chain)

    def _auth_request(self, chain: tuple[Directive, ...]) -> Iterator[Route]:
        for item in inherited(chain, "auth_request")[-1:]:
            if item.words[:1] == ("off",) or not item.words:
                continue
            answers = self.jump(self.variables.expand(item.words[0]))
            services = [step.service for step in answers if step.service and not step.is_guard]
            yield replace(guard_step(item, _REFUSED), service=next(iter(services), None))
            # What fails, and any other answer of the one that is asked, is nginx's own 500.
            yield guard_step(item, _FAILED)

    def error_pages(self, chain: tuple[Directive, ...]) -> Iterator[Route]:
        """Guards for `error_page` answers to nginx's own failures, if they change the status."""
        for item in () if self.in_error_page else inherited(chain, "error_page"):
            page = error_page(item)
            if not failures_of_a_proxy(page, chain):
                continue
            inner = replace(self, in_error_page=True)
            steps = inner.jump(page.target)
            if self._fails_again(chain, page.target, steps):
                why = "the page of a failure may fail, and another page takes its place"
                yield replace(guard_step(item, ANY_STATUS, is_hidden=True), unknown=why)
                continue
            for service, statuses in inner.page_answers(page, steps):
                if statuses:
                    yield replace(guard_step(item, statuses, is_hidden=True), service=service)

    def page_answers(
        self, page: ErrorPage, steps: list[Route]
    ) -> Iterator[tuple[str | None, frozenset[int]]]:
        """The services that answer with the page, and last nginx itself, each with its statuses."""
        services = {s.service for s in steps if s.service and not s.is_guard}
        statuses = page.statuses
        if statuses == ANY_STATUS and steps:
            statuses = frozenset(status for step in steps for status in step.statuses)
        if statuses == page.failures and not page.is_named:
            # The failure keeps its status, which the step that fails has already.
            statuses, services = frozenset(), set()
        yield from ((service, statuses) for service in sorted(services))
        own = frozenset[int]() if services and page.is_named else statuses
        # The request for the page's path may fail as well; then nginx itself answers.
        yield None, own | refusals(steps) | self.absent_page(page.target, steps)

    def _fails_again(self, chain: tuple[Directive, ...], target: str, steps: list[Route]) -> bool:
        """Whether another `error_page` applies to the answer of an error page itself."""
        if not any(item.words == ("on",) for item in inherited(chain, "recursive_error_pages")):
            return False
        location = self._location(target)
        inner = location.chain if isinstance(location, Location) else self.server
        answers = refusals(steps) | (
            _NO_UPSTREAM if any(step.upstream for step in steps) else set()
        )
        return any(error_page(item).failures & answers for item in inherited(inner, "error_page"))

    def absent_page(self, target: str, steps: list[Route]) -> frozenset[int]:
        """The statuses of nginx if an error page's file is missing or refuses the method.

        A named location keeps the method of the request, and nginx serves files for GET and HEAD.
        """
        location = self._location(target)
        chain = location.chain if isinstance(location, Location) else self.server
        is_static = any(step.statuses == ANY_STATUS and not step.upstream for step in steps)
        if isinstance(location, Unknown) or not is_static:
            return frozenset()
        rewritten = [item.words[1] for item in chain[0].all("rewrite") if len(item.words) > 1]
        path = (rewritten or [target])[-1]
        refused = frozenset({405}) if target.startswith("@") else frozenset()
        if not path.startswith("/") or "$" in path:
            return refused
        return refused | missing_page(self._root(chain), path, self._index(chain))

    def jump(self, target: str) -> list[Route]:
        """The steps after an internal redirect to a path or a named location; none after many."""
        if self.jumps == _MOST_JUMPS:
            return []
        if next(self.followed) >= _MOST_BRANCHES:
            return [self._unknown("its locations lead to one another in too many orders")]
        after = replace(self, jumps=self.jumps + 1)
        if target.startswith("@"):
            location = named_location(self.server, target)
            own = [own_step(self.server[0], _FAILED)]
            return after.location_steps(location) if location else own
        path = re.split(r"[$?]", target, maxsplit=1)[0]
        return after.path_steps(path) if path.startswith("/") else []

    def path_steps(self, path: str) -> list[Route]:
        """The steps of a request for a path."""
        location = location_for(self.server, path)
        if isinstance(location, Unknown):
            return [self._unknown(location.why)]
        if location is not None:
            return self.location_steps(location)
        return self.after_rewrite(self.server, self.variables)

    def _unknown(self, why: str) -> Route:
        return replace(own_step(self.server[0], ANY_STATUS), unknown=why)

    def _location(self, target: str) -> Location | Unknown | None:
        """The location to which nginx goes for `@name` or a path; None: it has none."""
        find = named_location if target.startswith("@") else location_for
        return find(self.server, target)

    def passes(self, scope: Directive, variables: Variables) -> list[Route]:
        """Routes to the upstreams that the block itself passes the request to."""
        passes = [item for item in scope.block if item.name in PASSES and item.words]
        return [step for item in passes[-1:] for step in self._targets(item, variables)]

    def other_methods(self, scope: Directive) -> Iterator[Route]:
        """Routes to the upstreams in a `limit_except`, for every method that it does not list."""
        for item in scope.all("limit_except"):
            named = frozenset(map(str.upper, item.words))
            others = _METHODS - named - ({"HEAD"} if "GET" in named else frozenset())
            for step in self.passes(item, self.variables):
                yield replace(step, methods=others, match="@method")

    def _targets(self, item: Directive, variables: Variables) -> list[Route]:
        text = _PATH_VARIABLE.split(variables.expand(item.words[0]), maxsplit=1)[0]
        return self.upstreams.routes(self.stack, text, item.where, by_request="$" in item.words[0])

    def try_files(
        self,
        item: Directive,
        chain: tuple[Directive, ...],
        content: list[Route],
    ) -> list[Route]:
        """The steps of a `try_files`: a file, a folder's index, or the last word's target."""
        *files, last = item.words or ("=404",)
        here = content or [replace(own_step(item, STATIC_FILE), match="file", is_guard=True)]
        steps: list[Route] = []
        for name in files:
            if name in {"$uri", "$fastcgi_script_name", "$document_uri"}:
                root = self._root(chain)
                steps += [replace(step, files=root) for step in here]
            elif name == "$uri/":
                steps += self._folder(chain)
            else:
                steps += [replace(step, is_hidden=True) for step in here]
        if last.startswith("="):
            status = whole_number(last[1:]) or 404
            return [*steps, own_step(item, frozenset({status}))]
        jumped = self.jump(last)
        return steps + (jumped or [own_step(item, ANY_STATUS)])

    def _folder(self, chain: tuple[Directive, ...]) -> list[Route]:
        """The steps for a folder's index: a file that nginx serves, or a program elsewhere."""
        root, steps = self._root(chain), []
        for name in self._index(chain):
            path = f"{path_of(chain[0])}{name}"
            location = location_for(self.server, path)
            is_other = isinstance(location, Location) and location.chain != chain
            program = self.jump(path) if is_other else []
            passed = [step for step in program if step.service or step.upstream]
            # A folder below this one may have its index in another location.
            is_sure = isinstance(location, Location) and location.kind == "~"
            steps += [
                replace(
                    step,
                    files=root,
                    index=name,
                    match="folder",
                    is_guard=not passed,
                    is_hidden=step.is_hidden or (bool(passed) and not is_sure),
                )
                for step in passed or [own_step(chain[0], STATIC_FILE)]
            ]
        own = replace(own_step(chain[0], frozenset({301, 403, *STATIC_FILE})), is_guard=True)
        return [*steps, replace(own, files=root, index="", match="folder")]

    def static_files(self, chain: tuple[Directive, ...]) -> list[Route]:
        """The steps for files below `root`: nginx serves them, except for programs in `index`."""
        if "php" not in " ".join(self._index(chain)):
            return [own_step(chain[0], ANY_STATUS)]
        return [*self._folder(chain), own_step(chain[0], ANY_STATUS)]

    def _index(self, chain: tuple[Directive, ...]) -> tuple[str, ...]:
        lines = inherited(chain, "index")
        return tuple(word for item in lines for word in item.words) or ("index.html",)

    def _root(self, chain: tuple[Directive, ...]) -> str:
        roots = inherited(chain, "root")
        if chain[0].all("alias") or not roots or not roots[-1].words:
            return ""
        path = self.variables.expand(roots[-1].words[0])
        return folder_behind(self.stack, path) if path.startswith("/") and "$" not in path else ""


# Private


def _narrowed(location: Location, steps: list[Route]) -> Iterator[Route]:
    """The steps of a location, restricted to the paths for which it is selected."""
    for step in steps:
        yield replace(
            step,
            conditions=(*location.conditions, *step.conditions),
            match=step.match or location.text,
        )
        if is_certain(step):
            return


def _overrules(item: Directive, variables: Variables) -> bool:
    """Whether a directive of the rewrite phase may act although an `if` before it has held."""
    is_if = item.name == "if" and variables.holds(item.words) is not False
    return is_if or item.name in {"return", "rewrite"}
