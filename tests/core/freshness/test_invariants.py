"""What holds whatever happens: searched with hypothesis, harder with `STACKTEST_EXAMPLES`.

The stories are random sequences of edits, runs and looks on a small stack; the ledger is the real
one, so that what is removed or corrupted are real files.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stacktest.core.fingerprint.fingerprint import PARTS
from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.states import State
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.status import Scope
from stacktest.core.runs.verdict import RunFacts
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError
from tests.support.properties import examples
from tests.support.stack_simulator import NO_ENGINE, START, StackSimulator, in_memory

NAMES = ("app", "db", "web")
RESULTS = ("passed", "failed", "skipped", "xfailed", "crashed", "error")
CALM = {State.NEVER_RUN, State.NO_TESTS, State.DOC_MISSING, State.FUNCTIONAL}
RED = set(State) - CALM
OWN = ("docs", "data")
"""Where the evidence lies, below the stack's folder."""

Step = tuple[str, Any, Any]

steps = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(NAMES), st.sampled_from(["a", "b"])),
    st.tuples(st.just("recreate"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("drift"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("run"), st.sampled_from(NAMES), st.sampled_from(RESULTS)),
    st.tuples(st.just("run"), st.none(), st.none()),
    st.tuples(st.just("flaky"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("partial"), st.none(), st.none()),
    st.tuples(st.just("crash"), st.none(), st.none()),
    st.tuples(st.just("tests"), st.sampled_from(NAMES), st.sampled_from(["v1", "v2"])),
    st.tuples(
        st.just("page"), st.sampled_from(NAMES), st.sampled_from(["current", "behind", "missing"])
    ),
    st.tuples(st.just("later"), st.integers(1, 100), st.none()),
    st.tuples(st.just("look"), st.none(), st.none()),
    st.tuples(st.just("engine"), st.booleans(), st.none()),
)
stories = st.lists(steps, min_size=1, max_size=8)


@contextmanager
def stack() -> Iterator[StackSimulator]:
    """A stack of three services, two of which need `db`."""
    with in_memory() as world:
        world.add("db", tests=1)
        world.add("app", tests=2, depends_on=("db",))
        world.add("web", tests=1, depends_on=("db",))
        yield world


def tell(world: StackSimulator, story: list[Step]) -> None:
    for verb, first, second in story:
        act(world, verb, first, second)


def act(world: StackSimulator, verb: str, first: Any, second: Any) -> None:  # noqa: C901, PLR0912
    service: Any = world.services.get(first) if isinstance(first, str) else None
    match verb:
        case "edit":
            service.edit("config", second)
        case "recreate" if not isinstance(service.containers, Unknown):
            service.recreate()
        case "drift" if not isinstance(service.containers, Unknown):
            service.drift = ("env:X",) if second else ()
        case "run":
            world.run(**({first: second} if first else {}))
        case "flaky":
            once = service.tests[0]
            every = [n for each in world.services.values() for n in each.tests]
            world.run([world.outcome(n, flaky=n == once) for n in every])
        case "partial":
            first_test = world.outcome(world.services["app"].tests[0])
            world.run([first_test], facts=RunFacts(selection="-k 0"))
        case "crash":
            world.run(crash=True)
        case "tests":
            service.code = second
        case "page":
            service.page = DocsPage(state=second, updated=None if second == "missing" else START)
        case "later":
            world.later(hours=first)
        case "look":
            world.index()
        case "engine":
            for each in world.services.values():
                if not first:
                    # Nobody can tell what drifted where nobody can look.
                    each.containers, each.drift = NO_ENGINE, ()
                elif isinstance(each.containers, Unknown):
                    each.recreate()


def evidence_files(world: StackSimulator) -> list[Path]:
    found = (path for top in OWN for path in (world.root / top).rglob("*") if path.is_file())
    return sorted(found)


# 1. Monotonic


def lose_a_file(world: StackSimulator, data: Any) -> None:
    path = data.draw(st.sampled_from(evidence_files(world)))
    how = data.draw(st.sampled_from(["remove", "empty", "truncate", "garbage"]))
    whole = path.read_bytes()
    if how == "remove":
        path.unlink()
    elif how == "truncate":
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    else:
        path.write_bytes(b"" if how == "empty" else bytes([255, 0]) + b"not json")


def lose_a_field(world: StackSimulator, data: Any) -> None:
    files = [path for path in evidence_files(world) if path.suffix == ".json"]
    path = data.draw(st.sampled_from(files))
    document = json.loads(path.read_text())
    spots = list(fields(document))
    assume(spots)
    holder, key = data.draw(st.sampled_from(spots))
    if data.draw(st.booleans()):
        del holder[key]
    else:
        holder[key] = data.draw(st.sampled_from([None, [], {}, -1, "", "x"]))
    path.write_text(json.dumps(document))


def fields(value: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def lose_a_container(world: StackSimulator, data: Any) -> None:
    service = world.services[data.draw(st.sampled_from(NAMES))]
    service.containers = data.draw(st.sampled_from([(), NO_ENGINE]))


def lose_the_key(world: StackSimulator, data: Any) -> None:
    for service in world.services.values():
        service.parts |= {"env": Unknown("no key"), "stanza": Unknown("no key")}
        service.key_id = ""


def lose_a_part(world: StackSimulator, data: Any) -> None:
    service = world.services[data.draw(st.sampled_from(NAMES))]
    service.parts[data.draw(st.sampled_from(PARTS))] = Unknown("cannot be read")


def lose_git(world: StackSimulator, data: Any) -> None:
    for service in world.services.values():
        service.page = Unknown("not a git repository")
        service.repo = Unknown("not a git repository")


def lose_a_page(world: StackSimulator, data: Any) -> None:
    world.services[data.draw(st.sampled_from(NAMES))].page = DocsPage(state="missing")


def lose_the_inventory(world: StackSimulator, data: Any) -> None:
    world.services[data.draw(st.sampled_from(NAMES))].tests_unknown = Unknown("collection failed")


LOSSES: list[Callable[[StackSimulator, Any], None]] = [
    lose_a_file,
    lose_a_field,
    lose_a_container,
    lose_the_key,
    lose_a_part,
    lose_git,
    lose_a_page,
    lose_the_inventory,
]


def is_open(world: StackSimulator, scope: Scope) -> bool:
    """The gate after another look, as CI and people run it; a refusal to write is no opening."""
    if scope == "host":
        try:
            world.index()
        except EvidenceError:
            return False
    return world.gate(scope).open


exemptions = st.builds(
    Exemption,
    service=st.sampled_from(NAMES),
    states=st.sampled_from(
        # Who exempts "never ran" says that there need not be any evidence.
        [(state.value,) for state in State if state not in (State.NEVER_RUN, State.NO_TESTS)]
    ),
    reason=st.just("x"),
    until=st.just((START + timedelta(days=365)).date()),
)


@pytest.mark.parametrize("scope", ["host", "repo"])
@examples(12)
@given(
    story=stories,
    exempt=st.lists(exemptions, max_size=2),
    lose=st.sampled_from(LOSSES),
    data=st.data(),
)
def test_1_losing_anything_never_opens_the_gate(
    scope: Scope,
    story: list[Step],
    exempt: list[Exemption],
    lose: Callable[[StackSimulator, Any], None],
    data: Any,
) -> None:
    with stack() as world:
        tell(world, story)
        world.index()
        world.exempt = exempt
        before = world.gate(scope)
        assume(not before.open)
        lose(world, data)
        assert not is_open(world, scope), before.blockers


# 2. Credit depends on the service's own tests only


@examples(5)
@given(
    story=stories,
    results=st.dictionaries(st.sampled_from(["app", "web"]), st.sampled_from(RESULTS)),
)
def test_2_other_services_neither_give_nor_take_credit(
    story: list[Step], results: dict[str, Any]
) -> None:
    with stack() as alone, stack() as crowded:
        for world in (alone, crowded):
            tell(world, story)
            world.services["db"].drift = ()
        crowded.add("stranger", tests=3)
        crowded.now = alone.now
        first = alone.run()
        second = crowded.run(stranger="failed", **results)
        assert ("db" in first.credited()) == ("db" in second.credited())
        assert first.verdicts["db"].kind == second.verdicts["db"].kind
        assert alone.judge("db").findings == crowded.judge("db").findings


# 3. A look changes nothing but the status


@examples(5)
@given(story=stories, times=st.integers(0, 3))
def test_3_a_look_before_or_after_once_or_twice(story: list[Step], times: int) -> None:
    with stack() as plain, stack() as watched:
        for world in (plain, watched):
            tell(world, story)
        for _ in range(times):
            watched.index()
        for world in (plain, watched):
            world.run()
        watched.now = plain.now
        found = [
            {name: one.findings for name, one in world.index().items()}
            for world in (plain, watched)
        ]
        assert found[0] == found[1]
        before = {path: path.read_bytes() for path in evidence_files(watched)}
        watched.later(minutes=20)
        watched.index()
        assert {path: path.read_bytes() for path in evidence_files(watched)} == before


# 6. Unknown is neither equal nor changed


@examples(6)
@given(story=stories, parts=st.sets(st.sampled_from(PARTS), min_size=1), hours=st.integers(1, 50))
def test_6_unknown_is_neither_equal_nor_changed(
    story: list[Step], parts: set[str], hours: int
) -> None:
    with stack() as world:
        tell(world, story)
        world.max_age = timedelta(days=365)
        app = world.services["app"]
        before = world.index()["app"]
        kept = dict(app.parts)
        world.later(hours=hours)
        for part in parts:
            app.parts[part] = Unknown("the tool is missing")
        without = world.index()["app"]
        assert without.entry.last_change == before.entry.last_change
        assert without.entry.fingerprint == before.entry.fingerprint
        assert not without.entry.functional
        if before.state is not State.CHANGED:
            assert without.state is not State.CHANGED
        app.parts = kept
        after = world.index()["app"]
        assert after.entry.last_change == before.entry.last_change
        assert after.state is before.state


# 7 and 8. What status.json says


@examples(15)
@given(story=stories)
def test_7_and_8_the_status_says_what_its_first_readers_understand(story: list[Step]) -> None:
    with stack() as world:
        tell(world, story)
        judgements = world.index()
        status = world.status
        assert list(status) == sorted(world.services)
        for name, entry in status.items():
            state = judgements[name].state
            assert entry["status"] in ("functional", "stale", "untested", "undocumented")
            assert (entry["status"] == "stale") == (state in RED)
            if entry["functional"]:
                assert entry["last_test_pass"] > entry["last_change"]
                assert entry["pass_fingerprint"] == entry["fingerprint"]
            if entry["documented"]:
                assert entry["spoke_updated"] is not None
        if any(entry["status"] == "stale" for entry in status.values()):
            assert not world.gate().open


# 9. One bad service never costs another its result


def break_record(world: StackSimulator) -> None:
    world.record("web").write_text("{")


def break_run(world: StackSimulator) -> None:
    world.record("web", "last_run.json").write_text("[]")


def break_history(world: StackSimulator) -> None:
    world.record("web", "history.jsonl").write_bytes(bytes([255, 10]))


def break_part(world: StackSimulator) -> None:
    world.services["web"].parts["config"] = Unknown("permission denied")


def break_page(world: StackSimulator) -> None:
    world.services["web"].page = Unknown("dubious ownership")


def break_model(world: StackSimulator) -> None:
    world.services["web"].errors = ("compose: services.web is null",)


def break_tests(world: StackSimulator) -> None:
    world.services["web"].tests_unknown = Unknown("suites/test_web.py: SyntaxError")


BREAKAGES = [
    break_record,
    break_run,
    break_history,
    break_part,
    break_page,
    break_model,
    break_tests,
]


@examples(6)
@given(story=stories, breakage=st.sampled_from(BREAKAGES))
def test_9_one_bad_service_costs_the_others_nothing(
    story: list[Step], breakage: Callable[[StackSimulator], None]
) -> None:
    with stack() as world:
        tell(world, story)
        before = world.index()
        world.record("web").parent.mkdir(parents=True, exist_ok=True)
        breakage(world)
        after = world.index()
        for name in ("app", "db"):
            assert after[name].findings == before[name].findings
        for service in world.services.values():
            service.drift = ()
            if isinstance(service.containers, Unknown):
                service.recreate()
        assert {"app", "db"} <= world.run().credited()


# 10. One change, one reason


@pytest.mark.parametrize("part", PARTS)
def test_10_one_changed_part_is_the_one_reason(part: str) -> None:
    with stack() as world:
        world.run()
        app = world.services["app"]
        app.edit(part, "another")
        app.recreate()
        judgement = world.index()["app"]
        assert (judgement.state, judgement.reasons) == (State.CHANGED, (part,))
        names = {part: {"configs/app/a.conf": "1", "B": "1", "same": "2"}}
        app.detail = {part: {"configs/app/a.conf": "2", "B": "2", "same": "2"}}
        reasons = world.judge("app", detail=names).reasons
        named = part in ("config", "build")
        assert reasons == ((f"{part}:B", f"{part}:configs/app/a.conf") if named else (part,))


def test_the_repository_alone_is_no_change_where_every_part_is_known() -> None:
    with stack() as world:
        world.run()
        app = world.services["app"]
        app.repo = "f" * 16
        assert world.state("app") is State.FUNCTIONAL
        assert world.judge("app", "repo").state is State.FUNCTIONAL
        # Without the key nobody can say that the values are the same.
        lose_the_key(world, None)
        assert world.judge("app", "repo").reasons == ("repo",)
        assert world.judge("app").reasons == ("repo",)


def test_another_key_makes_unknown_not_changed() -> None:
    with stack() as world:
        world.run()
        app = world.services["app"]
        app.key_id = "k2"
        app.parts |= {"env": "a" * 16, "stanza": "b" * 16}
        judgement = world.judge("app")
        assert judgement.state is State.ERROR
        assert judgement.reasons == (
            "part:env: env was signed with another key",
            "part:stanza: stanza was signed with another key",
        )
