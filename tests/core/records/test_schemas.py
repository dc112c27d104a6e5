"""The published schemas and the code agree, in both directions."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.backups.backup import Backup
from stacktest.core.backups.states import BackupState, judge_backup
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.fingerprint import PARTS, Fingerprint
from stacktest.core.freshness.states import State
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import (
    FailedStart,
    Failure,
    ForeignRun,
    HistoryLine,
    LastPass,
    LastRun,
    PassedTests,
    RunTests,
)
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.history_form import compact, definitions_of, expand
from stacktest.core.records.status import (
    OUR_KEYS,
    BackupEntry,
    StatusEntry,
    StatusMeta,
    read_status,
)
from stacktest.core.records.strict_json import RecordError
from stacktest.core.unknown import Unknown
from stacktest.errors import StackNotReadyError
from tests.support.properties import examples
from tests.support.stack_simulator import START, StackSimulator, hexed

SCHEMAS = Path(__file__).parents[3] / "schemas"

hexes = st.text("0123456789abcdef", min_size=16, max_size=16)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text("abcdefghijklmnop-_.", min_size=1, max_size=12)
counts = st.integers(0, 10_000)
moments = st.datetimes(
    min_value=START.replace(tzinfo=None), max_value=START.replace(year=2040, tzinfo=None)
).map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000, tzinfo=START.tzinfo))


def maybe(strategy: Any) -> Any:
    return st.none() | strategy


def several(strategy: Any) -> Any:
    return st.lists(strategy, max_size=3).map(tuple)


@st.composite
def marks(draw: Any, *, known: bool = False) -> FingerprintRecord:
    value: st.SearchStrategy[str | Unknown] = hexes | st.just("none")
    if not known:
        value = value | st.just(Unknown("not here"))
    fingerprint = Fingerprint(
        parts={part: draw(value) for part in PARTS},
        repo=draw(hexes | st.just(Unknown("no git"))),
        key_id=draw(st.just("") | hexes),
        keyed=draw(st.just(("env", "stanza")) | st.just(("config", "env", "stanza"))),
    )
    return FingerprintRecord.attest(fingerprint)


lives = st.builds(ContainerRef, container=names, image=names, started_at=names)


def runs(*, finished: Any) -> Any:
    return st.builds(
        Run,
        id=names,
        seq=st.integers(1, 9999),
        started=moments,
        finished=finished,
        stack=names,
        git_commit=maybe(hexes),
        dirty=maybe(st.booleans()),
        versions=st.dictionaries(names, texts, max_size=3),
    )


@st.composite
def last_passes(draw: Any) -> LastPass:
    required = draw(st.integers(1, 50))
    return LastPass(
        timestamp=draw(moments),
        service=draw(names),
        quality=draw(st.sampled_from(["clean", "flaky"])),
        fingerprint=draw(marks(known=True)),
        tests=PassedTests(
            digest=draw(hexes),
            required=required,
            passed=required,
            skipped=draw(several(texts)),
            assertions=draw(counts),
            contacts=draw(counts),
        ),
        dependencies=draw(st.dictionaries(names, maybe(hexes), max_size=3)),
        live=draw(several(lives)),
        run=draw(runs(finished=moments)),
    )


failures = st.builds(
    Failure,
    run=names,
    seq=st.integers(1, 99),
    started=moments,
    fingerprint=marks(),
    drifted=st.booleans(),
    tests=several(texts),
)
others = st.builds(
    ForeignRun,
    pass_seq=st.integers(1, 99),
    fingerprint=maybe(hexes),
    at=moments,
    why=st.sampled_from(["edited", "seen", "run", "moved"]),
    live=several(lives),
)
starts = st.builds(
    FailedStart,
    run=names,
    seq=st.integers(1, 99),
    at=moments,
    cause=texts,
    because_of=texts,
    whole=st.booleans(),
)
kinds = st.sampled_from(["passed", "failed", "incomplete", "untouched"])
last_runs = st.builds(
    LastRun,
    service=names,
    run=runs(finished=maybe(moments)),
    fingerprint=marks(),
    verdict=maybe(kinds),
    flaky=st.booleans(),
    credited=st.booleans(),
    refusal=texts,
    reasons=several(texts),
    tests=st.builds(
        RunTests,
        required=counts,
        passed=counts,
        flaky=counts,
        failed=several(texts),
        skipped=several(texts),
    ),
    failure=maybe(failures),
    foreign=maybe(others),
    start=maybe(starts),
)
lines = st.builds(
    HistoryLine,
    service=names,
    run=names,
    seq=st.integers(1, 99),
    started=moments,
    git_commit=maybe(hexes),
    fingerprint=marks(),
    verdict=kinds,
    credited=st.booleans(),
    flaky=st.booleans(),
    reasons=several(texts),
    tests=st.dictionaries(
        texts, st.sampled_from([".", "~", "F", "E", "s", "x", "X", "?"]), max_size=3
    ),
    boot_ms=maybe(st.integers(0, 600_000)),
    move_ms=st.dictionaries(st.sampled_from(["restart", "stop"]), st.integers(0, 600_000)),
    after=maybe(st.lists(st.text(min_size=1, max_size=8), max_size=2).map(tuple)),
    start=texts,
    code=texts,
    disturbed=texts,
)


@st.composite
def entries(draw: Any) -> StatusEntry:
    state = draw(st.sampled_from(State))
    second = moments.map(lambda m: m.replace(microsecond=0))
    mark = draw(marks())
    return StatusEntry(
        status=state.status,
        fingerprint=mark.digest,
        last_change=draw(maybe(moments)),
        last_test_pass=draw(maybe(moments)),
        spoke_updated=draw(maybe(second)),
        functional=state.functional,
        documented=draw(st.booleans()),
        state=state,
        reasons=draw(several(texts)),
        also=draw(several(st.sampled_from(State))),
        parts=mark.parts,
        repo_fingerprint=mark.repo,
        required=draw(counts),
        passed=draw(counts),
        flaky=draw(counts),
        pass_fingerprint=draw(maybe(hexes)),
        unverified=draw(several(texts)),
    )


metas = st.builds(
    StatusMeta,
    versions=st.dictionaries(names, texts, max_size=3),
    fingerprint_version=st.integers(1, 3),
    key_id=st.just("") | hexes,
    scope=st.sampled_from(["host", "repo"]),
    evaluated_at=moments,
    exemptions=several(
        st.builds(
            Exemption,
            service=names,
            states=st.sampled_from([state.value for state in State]).map(lambda one: (one,)),
            reason=names,
            until=st.dates(min_value=date(2026, 1, 1), max_value=date(2030, 1, 1)),
        )
    ),
    warnings=several(texts),
    backups=st.dictionaries(
        names,
        st.builds(
            BackupEntry,
            state=st.sampled_from([state.value for state in BackupState]),
            why=texts,
            drilled=maybe(moments),
            made=maybe(moments),
            restore_ms=counts,
        ),
        max_size=2,
    ),
)

KINDS: dict[str, tuple[Any, Any]] = {
    "last_pass": (last_passes(), LastPass.from_dict),
    "last_run": (last_runs, LastRun.from_dict),
    "history": (lines, HistoryLine.from_dict),
    "status_meta": (metas, StatusMeta.from_dict),
}
WRITTEN = (*KINDS, "status", "history.v2")
LATER = {
    "status": ("run",),
    "history.v2": (
        *("boot_ms", "move_ms", "tests", "not_passed", "reasons", "start", "flaky", "define"),
        "disturbed",
    ),
    "history": ("boot_ms", "move_ms", "start", "code", "after", "disturbed"),
    "last_pass": ("known_false",),
    "last_run": ("start", "known_false", "live"),
    "status_meta": ("backups",),
}
"""Keys that lines written before they existed lack; they read as null."""


def validator(name: str) -> Any:
    file = name if ".v" in name else f"{name}.v1"
    schema = json.loads((SCHEMAS / f"{file}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.FormatChecker(formats=["date"])
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_written_is_valid_and_reads_back_equal(name: str) -> None:
    strategy, from_dict = KINDS[name]
    check = validator(name)

    @examples(15)
    @given(strategy)
    def hold(record: Any) -> None:
        document = json.loads(json.dumps(record.to_dict()))
        check.validate(document)
        assert from_dict(document) == record

    hold()


@examples(15)
@given(st.dictionaries(names, entries(), max_size=3))
def test_the_status_is_valid_and_reads_back_equal(status: dict[str, StatusEntry]) -> None:
    document = json.loads(json.dumps({name: entry.to_dict() for name, entry in status.items()}))
    validator("status").validate(document)
    assert read_status(document) == status


def test_the_first_seven_keys_are_the_original_ones() -> None:
    world_entry = StatusEntry(
        status="untested",
        fingerprint=None,
        last_change=None,
        last_test_pass=None,
        spoke_updated=None,
        functional=False,
        documented=False,
        state=State.NEVER_RUN,
    )
    assert list(world_entry.to_dict())[:7] == [
        "status",
        "fingerprint",
        "last_change",
        "last_test_pass",
        "spoke_updated",
        "functional",
        "documented",
    ]
    assert tuple(list(world_entry.to_dict())[7:]) == (*OUR_KEYS, "run")


def keys_of(schema: Any, path: str = "$") -> Iterator[str]:
    """Every key that a schema names, by its path."""
    for branch in schema.get("anyOf", ()):
        yield from keys_of(branch, path)
    for key, inner in schema.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from keys_of(inner, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from keys_of(schema[key], f"{path}.*")


def keys_in(value: Any, path: str, known: set[str]) -> Iterator[str]:
    """Every key that a document has, named as the schema names it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if f"{path}.{key}" in known else f"{path}.*"
            yield here
            yield from keys_in(inner, here, known)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner, f"{path}.*", known)


def written(world: StackSimulator) -> dict[str, list[Any]]:
    """What a stack leaves behind after a pass, a failure and a look, with and without tools."""
    app = world.add("app", depends_on=("db",))
    world.add("db")
    world.exempt = [
        Exemption(service="db", states=("expired",), reason="x", until=date(2030, 1, 1))
    ]
    documents: dict[str, list[Any]] = {name: [] for name in WRITTEN}

    def look() -> None:
        judgements = world.judge_all()
        backup = judge_backup("db", Backup(path="b", kind="tar"), None, world.now)
        meta = replace(
            world.meta(judgements),
            exemptions=tuple(world.exempt),
            backups={"db": BackupEntry.of(backup)},
        )
        world.ledger.write_status(judgements, meta)
        documents["status"].append(json.loads(world.ledger.status_path.read_text()))
        documents["status_meta"].append(json.loads(world.ledger.meta_path.read_text()))
        for name in ("app", "db"):
            for kind in ("last_pass", "last_run"):
                path = world.record(name, f"{kind}.json")
                if path.exists():
                    documents[kind].append(json.loads(path.read_text()))
            history = world.record(name, "history.jsonl")
            if history.exists():
                documents["history.v2"] += map(json.loads, history.read_text().splitlines())
                documents["history"] += (line.to_dict() for line in world.ledger.history(name)[0])

    look()
    world.run()
    look()
    world.services["db"].edit("env", "not applied")
    look()
    world.run(app="failed")
    look()
    app.edit("config", "new")
    app.recreate()
    world.later(hours=2)
    look()
    world.start_error = StackNotReadyError("the port is taken")
    world.run()
    world.start_error = None
    look()
    world.run(crash=True)
    app.parts["image"] = app.containers = Unknown("no engine")
    look()
    started = replace(
        world.ledger.history("app")[0][0],
        boot_ms=1200,
        move_ms={"stop": 90},
        flaky=True,
        disturbed="db was not up",
    )
    documents["history.v2"].append(compact(started, ()))
    return documents


@pytest.mark.parametrize("name", WRITTEN)
def test_every_key_of_the_schema_is_written_and_the_other_way_round(
    name: str, world: StackSimulator
) -> None:
    check = validator(name)
    known = set(keys_of(check.schema))
    seen: set[str] = set()
    for document in written(world)[name]:
        check.validate(document)
        seen |= set(keys_in(document, "$", known))
    assert known - seen == set()
    open_maps = {key for key in seen - known if key.endswith(".*")}
    assert seen - known == open_maps


def objects(schema: Any) -> Iterator[Any]:
    if schema.get("type") == "object":
        yield schema
    for key in ("properties",):
        for inner in schema.get(key, {}).values():
            yield from objects(inner)
    for inner in (
        *schema.get("anyOf", ()),
        schema.get("items"),
        schema.get("additionalProperties"),
    ):
        if isinstance(inner, dict):
            yield from objects(inner)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_document_holds_nothing_that_its_schema_does_not_name(name: str) -> None:
    for one in objects(validator(name).schema):
        assert one["additionalProperties"] is not True
        if "properties" in one:
            assert one["additionalProperties"] is False
            later = LATER.get(name, ())
            assert one["required"] == [key for key in one["properties"] if key not in later]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_missing_or_too_much_is_refused(name: str) -> None:
    """Neither the code nor the schema takes a document with one key less, or one more."""
    strategy, from_dict = KINDS[name]
    check = validator(name)

    @examples(5)
    @given(strategy, st.data())
    def hold(record: Any, data: Any) -> None:
        document = record.to_dict()
        key = data.draw(st.sampled_from(sorted(set(document) - set(LATER.get(name, ())))))
        less = {other: value for other, value in document.items() if other != key}
        for wrong in (less, {**document, "extra": 1}, {**document, key: {"x": []}}):
            assert not check.is_valid(wrong)
            with pytest.raises(RecordError):
                from_dict(wrong)

    hold()


def test_a_line_of_before_a_key_existed_reads_as_null() -> None:
    @examples(5)
    @given(lines)
    def hold(line: HistoryLine) -> None:
        document = line.to_dict()
        del document["boot_ms"], document["move_ms"], document["start"], document["code"]
        del document["disturbed"]
        assert validator("history").is_valid(document)
        older = replace(line, boot_ms=None, move_ms={}, start="", code="", disturbed="")
        assert HistoryLine.from_dict(document) == older
        with pytest.raises(RecordError):
            HistoryLine.from_dict({**document, "boot_ms": -1})
        with pytest.raises(RecordError):
            HistoryLine.from_dict({**document, "move_ms": {"stop": 0.5}})

    hold()


def test_a_compact_line_says_the_same() -> None:
    @examples(15)
    @given(lines)
    def hold(line: HistoryLine) -> None:
        document = json.loads(json.dumps(compact(line, ())))
        validator("history.v2").validate(document)
        assert expand(document, line.service, definitions_of(document).get) == line
        for wrong in ({**document, "extra": 1}, {**document, "seq": []}):
            assert not validator("history.v2").is_valid(wrong)
            with pytest.raises(RecordError):
                expand(wrong, line.service, definitions_of(document).get)

    hold()


def test_a_fingerprint_that_is_not_the_one_of_its_parts_is_refused(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    world.rewrite("app", fingerprint=hexed("another"))
    judgement = world.judge("app")
    assert judgement.reasons == ("evidence:last_pass: $.fingerprint is not the one of $.parts",)


def test_times_are_utc(world: StackSimulator) -> None:
    world.add("app")
    world.now = START.astimezone() + timedelta(microseconds=1234)
    world.run()
    document = json.loads(world.record("app").read_text())
    validator("last_pass").validate(document)
