"""The Markdown summary and at most nine annotations for a pull request.

GitHub cuts a step's summary at one megabyte and shows ten annotations of a kind; other forges and
mail cut much earlier, so the summary stays below 60 KB and its last line counts the missing lines.
"""

from collections.abc import Iterator

from stacktest.reports.markup import cell, code
from stacktest.reports.report_data import Board
from stacktest.reports.wording import ago, at, breakdown, count, state_of, verdict, word

LARGEST = 60_000
ANNOTATIONS = 9
_REASONS = 3
_ROOM = 200


def summary(board: Board) -> str:
    """The summary in Markdown, of whole lines, at most `LARGEST` bytes long."""
    fitting: list[str] = []
    size, lines = 0, list(_lines(board))
    for line in lines:
        size += len(line.encode()) + 1
        if size > LARGEST - _ROOM:
            left = count(len(lines) - len(fitting), "line")
            fitting.append(f"\nCut here; {left} more. `stacktest status` prints all of it.")
            break
        fitting.append(line)
    return "\n".join(fitting) + "\n"


def annotations(board: Board) -> tuple[str, ...]:
    """Workflow commands that show the gate's blockers, worst first."""
    blockers = board.gate.blockers if board.gate else ()
    shown = blockers if len(blockers) <= ANNOTATIONS else blockers[: ANNOTATIONS - 1]
    lines = [
        _annotation(
            f"{blocker.service or board.stack.name}: {word(blocker.state)}",
            "; ".join((*blocker.reasons[:_REASONS], f"run: {blocker.command}")),
        )
        for blocker in shown
    ]
    if len(shown) < len(blockers):
        rest = count(len(blockers) - len(shown), "blocker")
        lines.append(_annotation("more", f"and {rest} more; run: stacktest gate"))
    return tuple(lines)


# Private


def _lines(board: Board) -> Iterator[str]:
    yield f"## {verdict(board.states.values())}"
    yield ""
    rest = breakdown(board.states.values())
    if rest:
        yield f"Not functional: {rest}."
        yield ""
    yield f"Judged {at(board.meta.evaluated_at)}" + (
        ", for the repository only." if board.meta.scope == "repo" else "."
    )
    yield ""
    if board.gate:
        yield from _gate(board)
    yield from _services(board)
    yield from (f"- {cell(warning)}" for warning in board.meta.warnings)


def _gate(board: Board) -> Iterator[str]:
    if board.gate is None or board.gate.open:
        yield "**The gate is open.**"
        yield ""
        return
    yield f"**The gate is closed by {count(len(board.gate.blockers), 'blocker')}.**"
    yield ""
    yield "| service | state | why | next |"
    yield "|---|---|---|---|"
    for blocker in board.gate.blockers:
        why = cell(", ".join(blocker.reasons[:_REASONS]))
        name = blocker.service or "the status"
        yield f"| {cell(name)} | {word(blocker.state)} | {why} | {code(blocker.command)} |"
    yield ""


def _services(board: Board) -> Iterator[str]:
    yield f"<details><summary>{count(len(board.states), 'service')}</summary>"
    yield ""
    yield "| service | state | last pass | tests |"
    yield "|---|---|---|---|"
    for name, entry in sorted(board.status.items()):
        passed = f"{entry.passed} of {entry.required}" if entry.required else "none"
        last = ago(entry.last_test_pass, board.now)
        yield f"| {cell(name)} | {word(state_of(entry))} | {last} | {passed} |"
    yield ""
    yield "</details>"
    yield ""


def _annotation(title: str, message: str) -> str:
    return f"::error title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
