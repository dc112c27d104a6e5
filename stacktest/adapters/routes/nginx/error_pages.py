"""The statuses that nginx answers with if `error_page` replaces a failure.

error_page 502 /down.html            502, or the failure of the page itself: 404, 301 …
error_page 502 @down                 502, or a redirect or refusal of that location
error_page 502 =503 /down.html       503, or the failure of the page itself
error_page 404 = @app                any status of the location's answer
error_page 502 https://elsewhere/    302
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from stacktest.adapters.routes.nginx.locations import PASSES
from stacktest.adapters.routes.nginx.source import Directive
from stacktest.adapters.routes.served_files import file_kind
from stacktest.core.numbers import whole_number
from stacktest.core.route import ANY_STATUS, STATIC_FILE, Route

_FIRST_REDIRECT = 300
_NEVER_OF_A_PROXY = frozenset({402, 404, 405, 406, 409, 410})
"""Failures that nginx itself cannot have in a location that passes every request to an upstream."""


class ErrorPage(Struct, frozen=True, kw_only=True):
    """One `error_page` directive."""

    failures: frozenset[int]
    change: str
    """`=`, `=200`, or empty."""
    target: str

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses of the answer if the page itself does not fail."""
        if status := whole_number(self.change[1:]):
            return frozenset({status})
        if re.match(r"https?:|\$scheme", self.target):
            return frozenset({302})
        return ANY_STATUS if self.change else self.failures

    @property
    def is_named(self) -> bool:
        """Whether the target is a named location and not a path."""
        return self.target.startswith("@")


def error_page(item: Directive) -> ErrorPage:
    """The `error_page` directive, parsed."""
    *codes, target = item.words or ("",)
    change = codes.pop() if codes and codes[-1].startswith("=") else ""
    failures = frozenset(number for code in codes if (number := whole_number(code)))
    return ErrorPage(failures=failures, change=change, target=target)


def failures_of_a_proxy(page: ErrorPage, chain: tuple[Directive, ...]) -> frozenset[int]:
    """The failures of `page` that nginx itself can produce in a location.

    An upstream's failures do not count, unless nginx is configured to intercept them.
    """
    block = chain[0]
    is_proxied = any(item.name in PASSES for item in block.block) and not block.all("try_files")
    acts_first = any(item.name in {"return", "if"} for around in chain for item in around.block)
    intercepts = any(
        item.name.endswith("_intercept_errors") and item.words == ("on",)
        for around in chain
        for item in around.block
    )
    if is_proxied and not acts_first and not intercepts:
        return page.failures - _NEVER_OF_A_PROXY
    return page.failures


def refusals(steps: Iterable[Route]) -> frozenset[int]:
    """Statuses of nginx's own redirects and refusals in the steps; they replace the failure's."""
    return frozenset(
        status
        for step in steps
        if not (step.service or step.upstream) and step.statuses not in (ANY_STATUS, STATIC_FILE)
        for status in step.statuses
        if status >= _FIRST_REDIRECT
    )


def missing_page(root: str, path: str, index: tuple[str, ...]) -> frozenset[int]:
    """The status in place of the page's file; empty if it exists or is only in the container."""
    kind = file_kind(root, path) if root else "file"
    if kind == "folder" and not path.endswith("/"):
        return frozenset({301})
    if kind == "folder":
        has_index = any(file_kind(root, f"{path}{name}") == "file" for name in index)
        return frozenset() if has_index else frozenset({403})
    return frozenset() if kind else frozenset({404})
