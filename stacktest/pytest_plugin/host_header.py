"""The Host header that Playwright sends: the request's own, else that of its context."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


def host_header(headers: Mapping[str, str] | None) -> str:
    """The value of the Host header; empty if there is none."""
    return next((value for name, value in (headers or {}).items() if name.lower() == "host"), "")


def extra_headers(context: BrowserContext, options: Mapping[str, Any]) -> Mapping[str, str]:
    """The headers that a context made with `options` adds to every request; kept up to date."""
    extra = dict(options.get("extra_http_headers") or {})
    set_headers = context.set_extra_http_headers

    @functools.wraps(set_headers)
    def set_watched(headers: dict[str, str]) -> None:
        set_headers(headers)
        extra.clear()
        extra.update(headers)

    setattr(context, "set_extra_http_headers", set_watched)  # noqa: B010 - mypy refuses to assign a method
    return extra
