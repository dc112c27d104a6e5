"""A badge: `stack | 28 of 36 proved`, as JSON for shields and as an SVG that needs no server.

| colour | when                                                     |
|--------|----------------------------------------------------------|
| green  | every service is proved                                  |
| yellow | the worst is stale, never run, or has an outdated page   |
| red    | a service fails, drifted or cannot be judged             |
| grey   | no service was judged, or too long ago                   |
"""

import html
from datetime import timedelta

from msgspec import Struct

from stacktest.core.freshness.states import worst
from stacktest.core.json_data import Json
from stacktest.reports.report_data import Board
from stacktest.reports.wording import Tone, tone, word

OLD = timedelta(hours=36)


class Badge(Struct, frozen=True, kw_only=True):
    """The text and the colour of a badge."""

    label: str
    message: str
    color: str
    is_error: bool = False


def badge(board: Board, service: str = "") -> Badge:
    """The badge of the whole stack, or of one service."""
    label = service or board.stack.name
    states = board.states
    selected = [state for name, state in states.items() if service in ("", name)]
    if not selected:
        return Badge(label=label, message="not judged", color=_GREY, is_error=True)
    if board.now - board.meta.evaluated_at > OLD:
        message = f"not judged since {board.meta.evaluated_at:%Y-%m-%d}"
        return Badge(label=label, message=message, color=_GREY, is_error=True)
    color = _COLORS[tone(worst(selected))]
    if service:
        return Badge(label=label, message=word(selected[0]), color=color)
    proved = sum(state.functional for state in selected)
    return Badge(label=label, message=f"{proved} of {len(selected)} proved", color=color)


def badge_json(badge: Badge) -> dict[str, Json]:
    """The document for the endpoint badge of shields.io, schema version 1."""
    return {
        "schemaVersion": 1,
        "label": badge.label,
        "message": badge.message,
        "color": badge.color,
        "isError": badge.is_error,
    }


def badge_svg(badge: Badge) -> str:
    """The badge as an SVG file; both halves are readable in black and white."""
    left, right = _width(badge.label), _width(badge.message)
    total, text = left + right, html.escape(f"{badge.label}: {badge.message}")
    label, message = html.escape(badge.label), html.escape(badge.message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" '
        f'aria-label="{text}"><title>{text}</title>'
        f'<clipPath id="r"><rect width="{total}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b424a"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{badge.color}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14" textLength="{left - _PADDING}">{label}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - _PADDING}">{message}</text>'
        "</g></svg>\n"
    )


# Private

_GREY = "#5c6670"
#: White text on each has a contrast of at least 4.5.
_COLORS: dict[Tone, str] = {
    "good": "#1a7a48",
    "doc": "#8f5b00",
    "blank": "#8f5b00",
    "stale": "#8f5b00",
    "bad": "#b8322a",
}
_PADDING = 12
_CHARACTER = 6.8


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER) + _PADDING
