"""Playwright's traces without secrets: cleaned as they are written, whoever asked for them."""

from __future__ import annotations

import functools
import warnings
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from stacktest.adapters.browser.trace_secrets import clean_trace
from stacktest.bootstrap.known_secrets import known_secrets
from stacktest.errors import StacktestError


def clean_traces_of(context: Any) -> None:
    """From now on, traces of this kind of context are cleaned in this process."""
    tracing = getattr(context, "tracing", None)
    for name in ("stop", "stop_chunk"):
        if tracing is not None and not getattr(getattr(type(tracing), name), "is_cleaning", False):
            setattr(type(tracing), name, _cleaning(getattr(type(tracing), name)))


# Private

_FAILURES = (
    *(OSError, ValueError, KeyError, RuntimeError, BadZipFile, zlib.error, StacktestError),
)


def _cleaning(stop: Any) -> Any:
    @functools.wraps(stop)
    def stop_clean(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return stop(self, *arguments, **options)
        finally:
            path = options.get("path") or next(iter(arguments), None)
            if path and Path(path).is_file():
                _clean(Path(path))

    vars(stop_clean)["is_cleaning"] = True
    return stop_clean


def _clean(path: Path) -> None:
    try:
        clean_trace(path, known_secrets())
    except _FAILURES as error:
        # Better no trace than one that nobody has cleaned.
        path.unlink(missing_ok=True)
        reason = type(error).__name__
        warnings.warn(f"a trace could not be cleaned and was removed: {reason}", stacklevel=2)
