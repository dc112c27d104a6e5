"""The text of a service's history file, of which only the lines that are needed are parsed.

The beginning of each line has the run, its number, the runs that it knew of, its verdict and the id
of the service's fingerprint: a regular expression reads these and finds the lines to parse.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from stacktest.adapters.ledger.json_files import compact_line, parse
from stacktest.core.json_data import Json
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.records.history_form import compact, definitions_of, expand, undefined
from stacktest.core.records.strict_json import RecordError
from stacktest.core.runs.history import LONGEST_ROW, WINDOW, differing_parts
from stacktest.core.runs.knowledge import After, runs_known_to
from stacktest.core.unknown import Unknown

NAME = "history.jsonl"
RECENT = 30
"""Number of lines of the newest runs that are always parsed, since reports show them."""


class HistoryText:
    """The runs of one service in its history file; each line is parsed at most once."""

    def __init__(self, text: str | Unknown | None, service: str) -> None:
        """`text`: None if there is no file; Unknown if it cannot be read: then it has no lines."""
        self._unreadable = (text.why,) if isinstance(text, Unknown) else ()
        self._texts = text.splitlines() if isinstance(text, str) else []
        self._service = service
        self._read: dict[int, HistoryLine | Unknown] = {}
        self._known: dict[str, frozenset[str] | None] = {}
        self._defined: dict[str, Json] = {}

    @property
    def run_numbers(self) -> list[int]:
        """The numbers of the runs."""
        return [head.seq for head in self._heads]

    @cached_property
    def known_runs(self) -> After:
        """Run → the newest runs that were in the ledger when it was recorded."""
        return {head.run: head.after for head in self._heads}

    @property
    def lines(self) -> tuple[HistoryLine, ...]:
        """All lines that can be parsed, ordered by the numbers of the runs."""
        return _by_number(self._line(place) for place in range(len(self._texts)))

    @property
    def broken(self) -> tuple[str, ...]:
        """The faults of lines that cannot be parsed, or that refer to a missing definition."""
        damage = (why for place in range(len(self._texts)) for why in self._damage(place))
        return (*self._unreadable, *damage)

    @property
    def ever_passed(self) -> bool:
        """Whether there is a pass, or a line that may have been one."""
        return any(line.credited for line in self.lines) or bool(self.broken)

    def known_to(self, last_pass: LastPass | Unknown | None) -> frozenset[str] | None:
        """The runs that the pass knew of; None: there is no pass, or only run numbers tell it."""
        if not isinstance(last_pass, LastPass):
            return None
        run = last_pass.run.id
        if run not in self._known:
            self._known[run] = runs_known_to(run, self.known_runs)
        return self._known[run]

    def newer_runs(
        self, last_pass: LastPass | Unknown | None, known: Collection[str] | None
    ) -> tuple[HistoryLine, ...]:
        """The runs that are not older than the pass, or that it did not know of, in file order.

        `known` are the runs that it knew of. A line without a number is always parsed.
        """
        since = last_pass.run.seq if isinstance(last_pass, LastPass) else 0
        older = {
            head.place
            for head in self._heads
            if head.seq < since and (known is None or head.run in known)
        }
        lines = (self._line(place) for place in range(len(self._texts)) if place not in older)
        return tuple(line for line in lines if isinstance(line, HistoryLine))

    def recent(self, runs: Collection[str] = ()) -> tuple[HistoryLine, ...]:
        """The newest runs, older runs that their interpretation needs, and those named in `runs`.

        `core.runs.history` gives the same results for these lines as for all lines.
        """
        heads = sorted(self._heads, key=lambda head: head.seq, reverse=True)
        count, newest = self._newest(heads)
        older = heads[count:]
        chosen = (
            (head for head in older if head.run in runs),
            self._deciding(newest, older),
            self._times(newest, older),
        )
        wanted = {head.place: head for head in chain(*chosen)}
        return _by_number([*newest, *self._lines_of(wanted.values())])

    def with_line(self, line: HistoryLine) -> str:
        """The text with one more line; lines of the first format are converted to the present."""
        texts: list[str] = []
        defined: set[str] = set()
        for text, present in chain(self._rewritten(), [("", line)]):
            new = compact_line(compact(present, defined)) if present else f"{text}\n"
            defined |= set(definitions_of(parse(new, NAME))) if _DEFINES in new else set()
            texts.append(new)
        return "".join(texts)

    # Private

    @cached_property
    def _heads(self) -> list["_Head"]:
        """The beginning of each line that has a number."""
        matches = (
            (place, _PRESENT.match(text) or _HEAD.search(text))
            for place, text in enumerate(self._texts)
        )
        return [_head(place, match) for place, match in matches if match]

    @cached_property
    def _defining(self) -> list[str]:
        """The lines with definitions that other lines refer to by id."""
        return [text for text in self._texts if _DEFINES in text]

    def _definition(self, id_: str) -> Json:
        """The definition of an id; None if no line has it. Only lines with the id are parsed."""
        if id_ not in self._defined:
            key = f'"{id_}"'
            # First in the form that stacktest writes; else with other white space around it.
            likely = [text for text in self._defining if f"{key}:" in text]
            for text in likely or (text for text in self._defining if key in text):
                self._defined |= definitions_of(parse(text, NAME))
        return self._defined.get(id_)

    def _document(self, place: int) -> Json | Unknown:
        return parse(self._texts[place], f"{NAME}:{place + 1}")

    def _line(self, place: int) -> HistoryLine | Unknown:
        if place not in self._read:
            document = self._document(place)
            if not isinstance(document, Unknown):
                try:
                    document = expand(document, self._service, self._definition)
                except RecordError as error:
                    document = Unknown(str(error))
            self._read[place] = document
        return self._read[place]

    def _lines_of(self, heads: Iterable["_Head"]) -> list[HistoryLine]:
        lines = (self._line(head.place) for head in heads)
        return [line for line in lines if isinstance(line, HistoryLine)]

    def _damage(self, place: int) -> Iterator[str]:
        line = self._line(place)
        if isinstance(line, Unknown):
            yield line.why
        else:
            for key in undefined(self._document(place), self._definition):
                yield f"{NAME}:{place + 1}: no line defines its {key!r}"

    def _newest(self, heads: Iterable["_Head"]) -> tuple[int, list[HistoryLine]]:
        """The newest runs without a gap, back to one that passed, so that its tests are known.

        The first value is the number of heads that these are.
        """
        newest: list[HistoryLine] = []
        count = conclusive = passed = telling = 0
        for count, head in enumerate(heads, start=1):  # noqa: B007 - it is the answer
            for line in self._lines_of([head]):
                newest.append(line)
                conclusive += line.is_conclusive
                telling += line.is_telling
                passed += line.verdict == "passed"
            if len(newest) >= RECENT and conclusive >= LONGEST_ROW and passed and telling:
                break
        return count, newest

    def _deciding(
        self, newest: Iterable[HistoryLine], older: Iterable["_Head"]
    ) -> Iterator["_Head"]:
        """Older runs of the newest run's fingerprint, and the newest run of another fingerprint."""
        runs = [line for line in newest if line.is_telling]
        same = sum(not differing_parts(line, runs[0]) for line in runs)
        has_before = same < len(runs)
        kinds: dict[str, bool] = {}
        for head in older if runs else ():
            is_known, is_full = head.was in kinds, same >= WINDOW
            if is_known and (is_full or not kinds[head.was]):
                continue
            if is_full and has_before:
                return
            for line in self._lines_of([head]):
                if not line.is_telling:
                    continue
                is_same = not differing_parts(line, runs[0])
                kinds |= {head.was: is_same} if head.was else {}
                if is_same and not is_full:
                    same += 1
                    yield head
                elif not is_same and not has_before:
                    has_before = True
                    yield head

    def _times(self, newest: Iterable[HistoryLine], older: Iterable["_Head"]) -> Iterator["_Head"]:
        """Older runs whose durations are needed for the usual duration of each kind."""
        known = Counter(kind for line in newest for kind in line.times)
        for head in older:
            if _TIMES not in self._texts[head.place]:
                continue
            kinds = [kind for kind in _times(self._texts[head.place]) if known[kind] <= WINDOW]
            known.update(kinds)
            if kinds:
                yield head

    def _rewritten(self) -> Iterator[tuple[str, HistoryLine | None]]:
        """Each line's text, with the parsed line if it has to be written in the present format."""
        for place, text in enumerate(self._texts):
            line = None if text.startswith(_COMPACT) else self._line(place)
            is_ours = isinstance(line, HistoryLine) and line.service == self._service
            yield text, line if isinstance(line, HistoryLine) and is_ours else None


# Private


class _Head(NamedTuple):
    """The parsed beginning of a line."""

    place: int
    """Index of the line in the file, from 0."""
    run: str
    seq: int
    after_text: str
    """The text of the runs that it knew of; parsed only when needed."""
    was: str
    """Id of the service's fingerprint; empty in a line of the first format."""

    @property
    def after(self) -> tuple[str, ...] | None:
        """The newest runs that it knew of; None: it does not say."""
        text = self.after_text
        _, *quoted = text.split('"')
        if len(quoted) == _ONE_NAME and quoted[0]:
            return (quoted[0],)
        return tuple(_NAME.findall(text)) if text.startswith("[") else None


_DEFINES = '"define":'
_COMPACT = '{"schema":"stacktest.history/2",'
_NAME = re.compile(r'"([^"]+)"')
_TIMES = '_ms":'
_BOOT = re.compile(r'"boot_ms": ?\d')
_TIME = re.compile(r'"(\w+)": ?\d')
_ONE_NAME = 2
"""Number of parts after the first quote, in a list of one name split at quotes."""
_PRESENT = re.compile(
    r'\{"schema":"stacktest\.history/2","run":"([^"\n]+)","seq":(\d{1,18}),'
    r'"after":(\[[^\]\n]*\]|null),"verdict":"\w+","credited":\w+,"was":"([0-9a-f]+)"'
)
"""Matches a line in the form that this version writes, several times faster than `_HEAD`."""
_HEAD = re.compile(
    r'"run": ?"([^"\n]+)", ?"seq": ?(\d{1,18})\b'
    r'(?:.*?"after": ?(\[[^\]\n]*\]|null))?(?:.*?"was": ?"([0-9a-f]+)")?'
)


def _head(place: int, match: re.Match[str]) -> _Head:
    run, seq, after, was = match.groups(default="")
    return _Head(place, run, int(seq), after, was)


def _times(text: str) -> Iterator[str]:
    """The kinds of durations in a line: `boot`, and those of moves."""
    if _BOOT.search(text):
        yield "boot"
    _, _, moves = text.partition('"move_ms":')
    yield from _TIME.findall(moves.partition("}")[0])


def _by_number(lines: Iterable[HistoryLine | Unknown]) -> tuple[HistoryLine, ...]:
    read = (line for line in lines if isinstance(line, HistoryLine))
    return tuple(sorted(read, key=lambda line: line.seq))
