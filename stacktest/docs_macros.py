"""Macros for MkDocs and Zensical: `stack_table()`, `stack_badge("grafana")`, `stack_age()`.

    plugins:
      - macros:
          modules: [stacktest.docs_macros]
          include_yaml: [_data/stacktest.json]
          on_undefined: strict
          on_error_fail: true

A site must not show the state of a stack without its data: missing or foreign data and unknown
service names raise, and the build fails.
"""

import datetime as dt
import html
from collections.abc import Mapping
from typing import Any

from stacktest.core import timestamps
from stacktest.errors import EvidenceError, UsageError
from stacktest.reports.export.docs_data import SCHEMA
from stacktest.reports.markup import cell
from stacktest.reports.wording import ago, at

OLD = dt.timedelta(hours=36)
MARKS = {"good": "✓", "bad": "✕", "stale": "◷", "doc": "▤", "blank": "○"}


def define_env(env: Any) -> None:
    """Register the macros; called by the plugin once per build."""
    data = checked(env.variables.get("stacktest"))
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - an edge: a site is built at some time

    @env.macro  # type: ignore[untyped-decorator]
    def stack_table() -> str:
        return table(data)

    @env.macro  # type: ignore[untyped-decorator]
    def stack_badge(name: str) -> str:
        return badge(data, name)

    @env.macro  # type: ignore[untyped-decorator]
    def stack_age() -> str:
        return age(data, now)


def checked(data: Any) -> Mapping[str, Any]:
    """The data below the key `stacktest`; an `EvidenceError` if it is missing or not valid."""
    where = "include_yaml of the macros plugin, _data/stacktest.json"
    hint = "stacktest export docs"
    if data is None:
        raise EvidenceError("the stack's data is missing", where=where, hint=hint)
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        raise EvidenceError(f"the stack's data is not {SCHEMA}", where=where, hint=hint)
    if not data.get("services"):
        raise EvidenceError("the stack's data names no service", where=where, hint=hint)
    return data


def table(data: Mapping[str, Any]) -> str:
    """Every service with its state, its last pass and why it is not functional, as Markdown."""
    lines = ["| Service | State | Last pass | Why |", "|---|---|---|---|"]
    for name, entry in sorted(data["services"].items()):
        link = f"[{cell(name)}]({entry['url']})" if entry["url"] else cell(name)
        last = at(timestamps.parse(entry["last_pass"]) if entry["last_pass"] else None)
        why = cell(", ".join(entry["reasons"]))
        lines.append(f"| {link} | {_mark(entry)} | {last} | {why} |")
    return "\n".join(lines)


def badge(data: Mapping[str, Any], name: str) -> str:
    """`✓ functional` for one service; an unknown name fails the build."""
    if name not in data["services"]:
        known = ", ".join(sorted(data["services"]))
        raise UsageError(
            f"no service {name!r} in the stack's data",
            where=f'stack_badge("{name}")',
            hint=f"known: {known}",
        )
    entry = data["services"][name]
    title = _text(entry["meaning"])
    return f'<span class="stack-badge {entry["tone"]}" title="{title}">{_mark(entry)}</span>'


def age(data: Mapping[str, Any], now: dt.datetime) -> str:
    """When the states were judged, with a warning if that is long ago."""
    judged = timestamps.parse(data["evaluated_at"])
    note = f"Judged {at(judged)}."
    if now - judged > OLD:
        return f"**{note} That was {ago(judged, now)}: what runs now may be something else.**"
    return note


# Private


def _mark(entry: Mapping[str, Any]) -> str:
    return f"{MARKS[entry['tone']]} {entry['word']}"


def _text(text: str) -> str:
    return html.escape(text).replace("|", "&#124;")
