"""The start of the stack as text: line by line, or on a real terminal as one redrawn display.

      starting 4: caddy, grafana, postgres, redis · 2 run already, used as they are
      ready    redis     0.6 s  healthy
      waiting  30 s for grafana (health is starting, usually ready after 12.0 s)
      ready    4 in 31 s, slowest: grafana 30.1 s, caddy 1.2 s

The display is redrawn in place; it shows every service, the worst first, each with a shape and, if
it needs attention, a word:

    0:41  ✖ 1 failed  ◐ 2 starting  ○ 3 waiting  ✔ 4 ready  · 1 ran already
    ✖ immich     ◐ grafana    ◐ paperless  ○ outline    ✔ caddy  …
    ✖ immich     failed    exited 1
    ◐ grafana    starting  41 s, usually 12.0 s
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import Literal

from msgspec import Struct

from stacktest.reports.wording import count

Word = Literal["failed", "starting", "waiting", "ready", "ran already"]

SHAPES: Mapping[Word, str] = {
    "failed": "✖",
    "starting": "◐",
    "waiting": "○",
    "ready": "✔",
    "ran already": "·",
}
"""From worst to best; the order on the display."""

MOST = 5
"""The number of services that are named in a line."""


class BootState(Struct, frozen=True, kw_only=True):
    """The progress of one service's start."""

    service: str
    word: Word
    seconds: float = 0.0
    """The duration of its start, so far or in total."""
    usual: float | None = None
    """The usual duration in earlier runs."""
    why: str = ""
    """What it waits for, or the last report on it."""


def planned_line(missing: Sequence[str], running: int, width: int) -> str:
    """The services to be started, by name as far as there is room, and those used as they run."""
    already = f"{running} run already, used as they are" if running else ""
    if not missing:
        return f"  {already or 'nothing to start'}"
    begin, end = f"  starting {len(missing)}: ", f" · {already}" if already else ""
    return f"{begin}{names(missing, width - len(begin) - len(end))}{end}"


def ready_line(service: str, seconds: float, why: str, pad: int) -> str:
    """The line on a service that is ready."""
    return f"  ready    {service:<{pad}} {seconds:6.1f} s  {why}".rstrip()


def waiting_line(
    seconds: float, waiting: Mapping[str, str], usual: Mapping[str, float | None]
) -> str:
    """The services that are waited for, each reason once with all of its services."""
    by_reason: dict[str, list[str]] = {}
    for name, why in sorted(waiting.items()):
        took = usual.get(name)
        known = f"{why}, usually ready after {took:.1f} s" if took is not None else why
        by_reason.setdefault(known, []).append(name)
    parts = [
        f"{_few(services)} ({why})" if why else _few(services)
        for why, services in by_reason.items()
    ]
    return f"  waiting  {seconds:.0f} s for {'; '.join(parts)}"


def over_line(boots: Iterable[BootState], seconds: float) -> str:
    """The line when all are ready: number, total time and the slowest services."""
    took = sorted((b for b in boots if b.word == "ready"), key=lambda b: (-b.seconds, b.service))
    slowest = ", ".join(f"{boot.service} {boot.seconds:.1f} s" for boot in took[:3])
    return f"  ready    {len(took)} in {seconds:.0f} s, slowest: {slowest}"


def failed_line(service: str, why: str, *, removed: bool) -> str:
    """The line on the failure that ends the start; `removed`: all that it created is removed."""
    cause = why if why.startswith(service) else f"{service}: {why}"
    return (
        f"  failed   {cause}; {'what it created is removed' if removed else 'nothing is removed'}"
    )


def not_started_line(service: str, why: str, without: Sequence[str], width: int) -> str:
    """The line on a service that is not up, and those that need it; the run continues."""
    cause = why if why.startswith(service) else f"{service}: {why}"
    begin = f"  failed   {cause}"
    if not without:
        return f"{begin}; the others go on"
    return f"{begin}; not up either: {names(without, max(20, width - len(begin) - 18))}"


def display_lines(
    boots: Iterable[BootState], *, width: int, height: int, seconds: float
) -> Iterator[str]:
    """The display: counts, every service, then details of those that need attention."""
    ordered = sorted(boots, key=lambda boot: (_rank(boot), -_age(boot), boot.service))
    yield _cut(_counts(ordered, seconds), width)
    attention = [boot for boot in ordered if boot.word in ("failed", "starting", "waiting")]
    urgent = sum(boot.word != "waiting" for boot in attention)
    room = max(2, height - 2)
    cells = list(_grid(ordered, width, max(1, room - min(urgent, MOST))))
    yield from cells
    pad = max((len(boot.service) for boot in attention), default=0)
    for boot in attention[: max(0, room - len(cells))]:
        yield _cut(f"{SHAPES[boot.word]} {boot.service:<{pad}}  {_attention(boot)}", width)


def names(services: Sequence[str], room: int) -> str:
    """`a, b, c and 29 others`: as many names as fit into `room`, at least one."""
    whole = ", ".join(services)
    if len(whole) <= room:
        return whole
    for shown in range(len(services) - 1, 1, -1):
        text = f"{', '.join(services[:shown])} and {count(len(services) - shown, 'other')}"
        if len(text) <= room:
            return text
    rest = len(services) - 1
    return f"{services[0]} and {count(rest, 'other')}" if rest > 0 else whole


# Private

_ORDER = {word: rank for rank, word in enumerate(SHAPES)}


def _few(services: Sequence[str]) -> str:
    if len(services) <= MOST:
        return ", ".join(services)
    return f"{', '.join(services[:MOST])} and {count(len(services) - MOST, 'other')}"


def _rank(boot: BootState) -> int:
    return _ORDER[boot.word]


def _age(boot: BootState) -> float:
    """The sort key for services that are starting, the longest first; 0 for others."""
    return boot.seconds if boot.word == "starting" else 0.0


def _counts(boots: Sequence[BootState], seconds: float) -> str:
    counts = Counter(boot.word for boot in boots)
    parts = [f"{SHAPES[word]} {counts[word]} {word}" for word in SHAPES if counts[word]]
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}  {'  '.join(parts)}"


def _grid(boots: Sequence[BootState], width: int, rows: int) -> Iterator[str]:
    """Every service, in columns; if there is no room for all, the best are only counted."""
    pad = max((len(boot.service) for boot in boots), default=0)
    columns = max(1, (width + 2) // (pad + 4))
    cells = [f"{SHAPES[boot.word]} {boot.service:<{pad}}" for boot in boots]
    if ceil(len(cells) / columns) > rows:
        shown = rows * columns - 1
        cells = [*cells[:shown], f"… and {len(boots) - shown} more"]
    for start in range(0, len(cells), columns):
        yield _cut("  ".join(cells[start : start + columns]).rstrip(), width)


def _attention(boot: BootState) -> str:
    if boot.word != "starting":
        return f"{boot.word:<8}  {boot.why}".rstrip()
    usual = f", usually {boot.usual:.1f} s" if boot.usual is not None else ""
    why = f"; {boot.why}" if boot.why else ""
    return f"{boot.word:<8}  {boot.seconds:.0f} s{usual}{why}"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
