"""Removes secrets from Playwright's traces as they are written, whoever started the trace."""

from __future__ import annotations

import functools
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints
from zipfile import BadZipFile

from stacktest.adapters.browser.trace_secrets import clean_trace
from stacktest.bootstrap.known_secrets import known_secrets
from stacktest.errors import StacktestError


def clean_traces_of(context: Any) -> None:
    """From now on, traces of this context's class are cleaned in this process."""
    if (tracing := getattr(context, "tracing", None)) is not None:
        _clean_what_stops(type(tracing), _cleaning)


def clean_asynchronous_traces() -> None:
    """The same for Playwright's asynchronous contexts, if a test module has imported them."""
    if asynchronous := sys.modules.get("playwright.async_api"):
        tracing = get_type_hints(asynchronous.BrowserContext.tracing.fget)["return"]
        _clean_what_stops(tracing, _cleaning_asynchronously)


# Private

_STOPS = ("stop", "stop_chunk")

_FAILURES = (
    *(OSError, ValueError, KeyError, RuntimeError, BadZipFile, zlib.error, StacktestError),
)


def _clean_what_stops(tracing: type[Any], cleaning: Callable[[Any], Any]) -> None:
    for name in _STOPS:
        stop = getattr(tracing, name)
        if not getattr(stop, "is_cleaning", False):
            stop_clean = cleaning(stop)
            vars(stop_clean)["is_cleaning"] = True
            setattr(tracing, name, stop_clean)


def _cleaning(stop: Any) -> Any:
    @functools.wraps(stop)
    def stop_clean(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return stop(self, *arguments, **options)
        finally:
            _clean(options.get("path") or next(iter(arguments), None))

    return stop_clean


def _cleaning_asynchronously(stop: Any) -> Any:
    @functools.wraps(stop)
    async def stop_clean(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return await stop(self, *arguments, **options)
        finally:
            _clean(options.get("path") or next(iter(arguments), None))

    return stop_clean


def _clean(written: Path | str | None) -> None:
    if not written or not Path(written).is_file():
        return
    path = Path(written)
    try:
        clean_trace(path, known_secrets())
    except _FAILURES as error:
        # A trace that may still hold secrets must not stay.
        path.unlink(missing_ok=True)
        reason = type(error).__name__
        warnings.warn(f"a trace could not be cleaned and was removed: {reason}", stacklevel=2)
