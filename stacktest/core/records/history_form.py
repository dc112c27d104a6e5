"""The compact form of a line in `history.jsonl`: values that repeat between runs are written once.

    {"schema":"stacktest.history/2","run":"r7","seq":7,"after":["r6"],"verdict":"failed",
     "credited":false,"was":"3f9c0c1d2e4b","tests":"77aa01b2c3d4","not_passed":{"a.py::test":"F"},…}

`was` and `tests` are ids of values that a line of the same file has under `define`: the fingerprint
of the service with the digest of its tests' code, and the names of its tests. A line whose
definition is lost still has its run, its verdict and the tests that did not pass; the rest is
unknown. Empty keys (`flaky`, `reasons`, `boot_ms`, `move_ms`, `start`, `disturbed`) are left out.

Lines of the first form (`stacktest.history/1`) are read by `HistoryLine.from_dict`.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from stacktest.core import timestamps
from stacktest.core.fingerprint.digest import canonical, digest
from stacktest.core.json_data import Json
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.records.documents import HISTORY, HistoryLine, read_kind
from stacktest.core.records.strict_json import Fields, RecordError, check_schema
from stacktest.core.runs.bare_text import bare_reason

COMPACT = "stacktest.history/2"
ID_LENGTH = 12
"""Number of hex digits in the id of a definition."""
PASSED = "."

Definition = Callable[[str], Json | None]
"""Id → what a line of the file defines under it; None: no line does."""


def compact(line: HistoryLine, defined: Collection[str]) -> dict[str, Json]:
    """The compact form of a line; `defined` are the ids that other lines of the file define."""
    was = {**line.fingerprint.to_dict(), "code": line.code or None}
    names = sorted(line.tests)
    definitions: dict[str, Json] = {_id(was): was} | ({_id(names): names} if names else {})
    optional: dict[str, Json] = {
        "tests": _id(names) if names else "",
        "not_passed": {name: line.tests[name] for name in names if line.tests[name] != PASSED},
        "reasons": list(line.reasons),
        "start": line.start,
        "disturbed": line.disturbed,
        "flaky": line.flaky,
        "move_ms": dict(line.move_ms),
        "define": {id_: value for id_, value in definitions.items() if id_ not in defined},
    }
    return {
        "schema": COMPACT,
        "run": line.run,
        "seq": line.seq,
        "after": None if line.after is None else list(line.after),
        "verdict": line.verdict,
        "credited": line.credited,
        "was": _id(was),
        "started": timestamps.to_text(line.started),
        "git_commit": line.git_commit,
        **({} if line.boot_ms is None else {"boot_ms": line.boot_ms}),
        **{key: value for key, value in optional.items() if value},
    }


def expand(document: Json, service: str, definition: Definition) -> HistoryLine:
    """The history line from a document of either form; a RecordError says what is wrong."""
    if isinstance(document, Mapping) and document.get("schema") == HISTORY:
        return HistoryLine.from_dict(document)
    check_schema(document, COMPACT)
    f = Fields(document, "$", _KEYS, later=_OPTIONAL)
    fingerprint, code = _was(f.text("was"), definition)
    return HistoryLine(
        service=service,
        run=f.text("run"),
        seq=f.number("seq"),
        started=f.moment("started"),
        git_commit=f.optional_text("git_commit"),
        fingerprint=fingerprint,
        verdict=read_kind(f),
        credited=f.flag("credited"),
        flaky=bool(f.optional_flag("flaky")),
        reasons=() if f.raw("reasons")[0] is None else tuple(map(bare_reason, f.texts("reasons"))),
        tests=_tests(f, definition),
        boot_ms=f.optional_number("boot_ms"),
        move_ms={} if f.raw("move_ms")[0] is None else f.number_map("move_ms"),
        start=bare_reason(f.optional_text("start") or ""),
        code=code,
        disturbed=f.optional_text("disturbed") or "",
        after=None if f.raw("after")[0] is None else f.texts("after"),
    )


def undefined(document: Json, definition: Definition) -> Iterator[str]:
    """Keys of a line with an id that no line of its file defines; the first form has no ids."""
    for key in ("was", "tests") if document["schema"] == COMPACT else ():
        id_ = document.get(key)
        if id_ is not None and definition(id_) is None:
            yield key


def definitions_of(document: Json) -> Mapping[str, Json]:
    """The values that a line defines; values that do not match their id are left out."""
    named = document.get("define") if isinstance(document, Mapping) else None
    if not isinstance(named, Mapping):
        return {}
    return {id_: value for id_, value in named.items() if _is_flat(value, 2) and _id(value) == id_}


# Private

_KEYS = (*("schema", "run", "seq", "after", "verdict", "credited", "was", "started", "git_commit"),)
_OPTIONAL = (
    *("boot_ms", "move_ms", "tests", "not_passed", "reasons", "start", "flaky", "define"),
    "disturbed",
)


def _is_flat(value: Json, depth: int) -> bool:
    """Whether it is nested at most `depth` deep; a deeper value could exhaust the recursion."""
    if isinstance(value, Mapping | list):
        inner = value.values() if isinstance(value, Mapping) else value
        return depth > 0 and all(_is_flat(item, depth - 1) for item in inner)
    return True


def _id(value: Json) -> str:
    return digest(value)[:ID_LENGTH]


def _was(id_: str, definition: Definition) -> tuple[FingerprintRecord, str]:
    """The service's fingerprint, and the digest of its tests' code."""
    document = definition(id_)
    if document is None:
        return FingerprintRecord.unknown(), ""
    return _read_was(canonical(document))


@lru_cache(maxsize=1024)
def _read_was(text: bytes) -> tuple[FingerprintRecord, str]:
    """Cached, because many lines share a definition."""
    f = Fields(json.loads(text), "$.was", (*FingerprintRecord.KEYS, "code"))
    return FingerprintRecord.of(f), f.optional_text("code") or ""


def _tests(fields: Fields, definition: Definition) -> Mapping[str, str]:
    """Test → letter; only the tests that did not pass if the list of names is lost."""
    not_passed = {} if fields.raw("not_passed")[0] is None else fields.text_map("not_passed")
    id_ = fields.optional_text("tests")
    names = definition(id_) if id_ else None
    if names is None:
        return not_passed
    if not isinstance(names, list) or (not_passed and not set(not_passed) <= set(names)):
        raise RecordError("$.tests are not the names of the tests that did not pass")
    passed = _all_passed(tuple(names))
    return {**passed, **not_passed} if not_passed else passed


@lru_cache(maxsize=1024)
def _all_passed(names: tuple[str, ...]) -> Mapping[str, str]:
    """Cached, because many lines have the same tests."""
    return MappingProxyType(dict.fromkeys(names, PASSED))
