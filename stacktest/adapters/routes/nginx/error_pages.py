"""What nginx answers where `error_page` takes the place of a failure.

error_page 502 /down.html            502, or what goes wrong with that page: 404, 301 …
error_page 502 @down                 502, or a redirect or refusal of that location
error_page 502 =503 /down.html       503, or what goes wrong with that page
error_page 404 = @app                whatever the location answers
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
"""Failures that nginx has no reason for where it hands every request to an upstream."""


class ErrorPage(Struct, frozen=True, kw_only=True):
    """One `error_page`."""

    failures: frozenset[int]
    change: str
    """`=`, `=200`, or empty."""
    target: str

    @property
    def statuses(self) -> frozenset[int]:
        """What is answered where nothing is wrong with the page itself."""
        if status := whole_number(self.change[1:]):
            return frozenset({status})
        if re.match(r"https?:|\$scheme", self.target):
            return frozenset({302})
        return ANY_STATUS if self.change else self.failures

    @property
    def is_named(self) -> bool:
        """Whether a named location answers, instead of what a path leads to."""
        return self.target.startswith("@")


def error_page(item: Directive) -> ErrorPage:
    """What the directive says."""
    *codes, target = item.words or ("",)
    change = codes.pop() if codes and codes[-1].startswith("=") else ""
    failures = frozenset(number for code in codes if (number := whole_number(code)))
    return ErrorPage(failures=failures, change=change, target=target)


def failures_of_a_proxy(page: ErrorPage, chain: tuple[Directive, ...]) -> frozenset[int]:
    """The failures that can be nginx's own in a location, of those that the page is for.

    An upstream's answers are its own, unless nginx is told to intercept them.
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
    """Redirects and refusals of nginx's own among the steps: they win over the failure's status."""
    return frozenset(
        status
        for step in steps
        if not (step.service or step.upstream) and step.statuses not in (ANY_STATUS, STATIC_FILE)
        for status in step.statuses
        if status >= _FIRST_REDIRECT
    )


def missing_page(root: str, path: str, index: tuple[str, ...]) -> frozenset[int]:
    """What is answered in place of a file; none where it is there, or in the container alone."""
    kind = file_kind(root, path) if root else "file"
    if kind == "folder" and not path.endswith("/"):
        return frozenset({301})
    if kind == "folder":
        has_index = any(file_kind(root, f"{path}{name}") == "file" for name in index)
        return frozenset() if has_index else frozenset({403})
    return frozenset() if kind else frozenset({404})
