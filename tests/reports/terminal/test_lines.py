"""What people read in the terminal, compared as whole text."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.phase import Phase
from stacktest.core.plan import Demand, make_plan
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.records.status import ABSENT
from stacktest.core.runs.fold import fold
from stacktest.core.runs.history import Trend, classify
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.summary import RunSummary
from stacktest.core.runs.verdict import RunFacts
from stacktest.core.unknown import Unknown
from stacktest.reports.terminal.gate import gate_lines
from stacktest.reports.terminal.history import course_words, history_document, history_lines
from stacktest.reports.terminal.run import plan_document, plan_lines, reason_lines, summary_lines
from stacktest.reports.terminal.status import absent_lines, markdown_lines, text_lines
from stacktest.reports.terminal.why import why_document, why_lines
from tests.support.known import known
from tests.support.stack_simulator import NO_ENGINE, StackSimulator, hexed


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackSimulator:
    world = StackSimulator(tmp_path)
    world.add("caddy")
    world.add("redis", tests=1)
    return world


def text(lines: object) -> str:
    return "\n".join(lines)  # type: ignore[arg-type]


def test_the_status_table(world: StackSimulator) -> None:
    world.run()
    world.services["redis"].edit("config", "other")
    world.later(hours=1)
    judgements = {name: world.judge(name) for name in world.services}
    shown = text(text_lines(judgements, world.meta(judgements), {"caddy"}))
    assert (
        shown
        == f"""\
service  state       last pass         fingerprint       why
redis    changed     2026-01-06 00:00  {judgements["redis"].entry.fingerprint}  config
caddy*   functional  2026-01-06 00:00  {judgements["caddy"].entry.fingerprint}

2 services: 1 functional, 1 changed
* a stand-in answers, not the real program"""
    )


def test_services_without_a_container_are_named(world: StackSimulator) -> None:
    world.run()
    judgements = {name: world.judge(name) for name in world.services}
    assert list(absent_lines(judgements)) == []
    absent = {
        name: replace(item, entry=replace(item.entry, unverified=(ABSENT,)))
        for name, item in judgements.items()
    }
    assert list(absent_lines({**judgements, "redis": absent["redis"]})) == [
        "note: functional by an earlier run, without a container now: redis"
    ]
    assert list(absent_lines(absent)) == []
    note = "note: no service has a container now; the states are those of the last runs"
    assert note in list(text_lines(absent, world.meta(absent)))
    assert note not in list(text_lines(judgements, world.meta(judgements)))


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            80,
            """\
service         state       last pass         why
outline-worker  changed     2026-01-06 00:00  config:configs/outline/production…
caddy           functional  2026-01-06 00:00""",
        ),
        (
            140,
            """\
service         state       last pass         fingerprint       why
outline-worker  changed     2026-01-06 00:00  OUTLINE           config:configs/outline/production.yml
caddy           functional  2026-01-06 00:00  CADDY""",
        ),
    ],
)
def test_the_status_table_fits_its_terminal(
    world: StackSimulator, width: int, expected: str
) -> None:
    del world.services["redis"]
    outline = world.add("outline-worker", tests=1)
    outline.detail = {"config": {"configs/outline/production.yml": "1"}}
    world.run()
    before = outline.detail
    outline.edit("config", "other")
    outline.detail = {"config": {"configs/outline/production.yml": "2"}}
    world.later(hours=1)
    judgements = {
        "caddy": world.judge("caddy"),
        "outline-worker": world.judge("outline-worker", detail=before),
    }
    shown = text(text_lines(judgements, world.meta(judgements), width=width)).partition("\n\n")[0]
    for name, word in (("caddy", "CADDY"), ("outline-worker", "OUTLINE")):
        print_ = judgements[name].entry.fingerprint or ""
        shown = shown.replace(print_, word.ljust(len(print_)))
    assert "\n".join(line.rstrip() for line in shown.splitlines()) == expected
    assert max(map(len, shown.splitlines())) <= width


def test_the_status_as_markdown(world: StackSimulator) -> None:
    judgements = {"redis": world.judge("redis")}
    shown = text(markdown_lines(judgements, world.meta(judgements)))
    assert (
        shown
        == f"""\
| service | state | last pass | fingerprint | why |
|---|---|---|---|---|
| redis | never_run | never | {judgements["redis"].entry.fingerprint} |  |

1 service: 1 never_run"""
    )


def test_a_closed_gate_names_each_blocker_and_its_command(world: StackSimulator) -> None:
    world.run(redis="failed")
    world.index()
    assert (
        text(gate_lines(world.gate()))
        == """\
gate closed: 1 blocker
  redis  failing  test:suites/test_redis.py::test_0
         next: pytest --stale"""
    )


def test_a_state_without_a_reason_is_told_in_a_sentence(world: StackSimulator) -> None:
    world.index()
    assert (
        text(gate_lines(world.gate()))
        == """\
gate closed: 2 blockers
  caddy  never_run  Its tests have never passed.
  redis  never_run  Its tests have never passed.
         next: pytest --stale"""
    )


def test_what_keeps_the_whole_stack_from_being_judged_is_said_once(world: StackSimulator) -> None:
    world.run()
    world.index()
    for service in world.services.values():
        service.containers = service.parts["image"] = NO_ENGINE
    world.stack = NO_ENGINE
    assert text(gate_lines(world.gate())).splitlines()[1:] == [
        "  caddy  error  stack:no container engine answers",
        "  redis  error  as above",
        "         next: stacktest doctor",
    ]
    judgements = world.judge_all()
    table = list(text_lines(judgements, world.meta(judgements)))
    assert [line.rpartition("  ")[2] for line in table[1:3]] == [
        "stack:no container engine answers",
        "as above",
    ]
    redis, evidence = world.services["redis"].fingerprint, world.ledger.read("redis")
    assert text(why_lines(judgements["redis"], evidence, redis, ())).count(NO_ENGINE.why) == 1


def test_a_blocker_shows_three_reasons_and_counts_the_rest(world: StackSimulator) -> None:
    world.run()
    world.services["redis"].drift = ("env:A", "env:B", "env:C", "env:D", "command")
    world.index()
    shown = list(gate_lines(world.gate()))
    assert shown[1] == "  redis  drifted  env:A; env:B; env:C; and 2 more"


def test_an_open_gate(world: StackSimulator) -> None:
    world.run()
    world.index()
    assert text(gate_lines(world.gate())) == "gate open"


def test_why_names_files_and_variables_and_no_value(world: StackSimulator) -> None:
    redis = world.services["redis"]
    redis.detail = {"config": {"redis.conf": "1"}, "env": {"A": "1", "OLD": "1"}}
    world.run()
    evidence = world.ledger.read("redis")
    then = redis.detail
    redis.edit("config", "other")
    redis.edit("env", "other")
    redis.detail = {"config": {"redis.conf": "2"}, "env": {"A": "2", "NEW": "2"}}
    world.later(hours=2)
    judgement = world.judge("redis")
    lines = why_lines(
        judgement,
        replace(evidence, detail=then),
        redis.fingerprint,
        world.ledger.history("redis")[0],
    )
    assert (
        text(lines)
        == f"""\
redis is changed; as it is now since 2026-01-06 02:01
  config   changed 1: redis.conf
  env      changed 1: A; added 1: NEW; deleted 1: OLD
last pass 2026-01-06 00:00 on {known(evidence.last_pass).fingerprint.digest}, by 1 test
history   steady: it passed in its only run
next      pytest --stale"""
    )


def test_why_counts_routes_under_their_own_word(world: StackSimulator) -> None:
    redis = world.services["redis"]
    redis.detail = {
        "stanza": {"ports": "1", "route.redis.lan": "1"},
        "routes": {"redis.lan": "redis:6379"},
    }
    world.run()
    evidence = replace(world.ledger.read("redis"), detail=redis.detail)
    redis.edit("stanza", "other")
    redis.detail = {
        "stanza": {"ports": "2", "route.new.lan": "1"},
        "routes": {"new.lan": "redis:6379"},
    }
    document: Any = why_document(world.judge("redis"), evidence, redis.fingerprint, ())
    assert [(row["part"], row["added"], row["removed"]) for row in document["changes"]] == [
        ("stanza", [], []),
        ("route", ["new.lan"], ["redis.lan"]),
    ]
    before = evidence.detail["stanza"]
    judged = world.judge("redis", detail={**evidence.detail, "stanza": before})
    shown = list(why_lines(judged, evidence, redis.fingerprint, ()))
    assert shown[1:4] == [
        "  stanza   changed 1: ports",
        "  route:new.lan led to nowhere, now to redis:6379",
        "  route:redis.lan led to redis:6379, now to nowhere",
    ]


def test_why_puts_the_failure_before_what_changed(world: StackSimulator) -> None:
    redis = world.services["redis"]
    world.run()
    evidence = world.ledger.read("redis")
    redis.edit("stanza", "other")
    world.run(redis="failed")
    judgement = world.judge("redis")
    _, failure, change, *_ = why_lines(judgement, evidence, redis.fingerprint, ())
    assert failure.startswith("  test:suites/test_redis.py::test_0")
    assert change.startswith("  stanza")


def test_why_says_the_cause_of_a_start_that_failed_once(world: StackSimulator) -> None:
    cause = "redis cannot be built (compose.yaml:4)"
    world.start_failures = {"redis": cause}
    world.run()
    texts, redis = RunTexts(run="1", diagnosis=cause), world.services["redis"].fingerprint
    judgement = world.judge("redis")
    shown = list(why_lines(judgement, world.ledger.read("redis"), redis, (), texts=texts))
    assert shown[1:3] == [f"  {cause}", "also      never_run"]


def test_why_tells_five_and_counts_the_rest(world: StackSimulator) -> None:
    redis = world.services["redis"]
    world.run()
    evidence = world.ledger.read("redis")
    for part in ("image", "config", "env", "stanza"):
        redis.parts[part] = Unknown("no engine answers") if part == "image" else hexed(part)
    redis.edit("build", "other")
    redis.drift = ("env:A", "env:B")
    shown = list(why_lines(world.judge("redis"), evidence, redis.fingerprint, ()))
    assert shown[6] == "  and 2 others: stacktest why redis --all"
    everything = list(why_lines(world.judge("redis"), evidence, redis.fingerprint, (), most=None))
    assert "  env:B" in everything


@pytest.mark.parametrize(
    ("runs", "failures", "is_up", "words"),
    [
        (1, 1, False, "not up: it did not come up in the last run"),
        (2, 2, False, "not up: it did not come up in 2 runs in a row"),
        (2, 2, True, "steady failure: it fails every time"),
        (5, 3, True, "steady failure: its last 3 runs failed"),
    ],
)
def test_a_failure_is_not_called_worse_than_it_is(
    runs: int, failures: int, is_up: bool, words: str
) -> None:
    course = Trend(trend="failing", runs=runs, failures=failures, flaky=0, is_up=is_up)
    assert course_words(course) == words


def test_the_first_pass_is_not_called_one_of_many(world: StackSimulator) -> None:
    world.run()
    words = course_words(classify(world.ledger.history("redis")[0]))
    assert words == "steady: it passed in its only run"


def test_history_tells_a_flake_from_a_regression(world: StackSimulator) -> None:
    world.run()
    world.run(redis="failed")
    world.run()
    world.services["caddy"].edit("config", "other")
    world.run(caddy="failed")
    runs = {name: world.ledger.history(name)[0] for name in world.services}
    assert (
        text(history_lines(runs))
        == """\
caddy  ...F  regression: it fails since mounted files changed
redis  .F..  flake: the same fingerprint both passed and failed
. passed  ~ passed on a retry  F failed  - incomplete"""
    )


def test_history_says_which_times_have_grown(world: StackSimulator) -> None:
    for _ in range(4):
        world.run()
    *usual, last = world.ledger.history("redis")[0]
    lines = [*(replace(line, boot_ms=4100) for line in usual), replace(last, boot_ms=12_000)]
    assert text(history_lines({"redis": lines})).splitlines()[0] == (
        "redis  ....  steady: it passes, and did so before; coming up takes 12.0 s, usually 4.1 s"
    )
    assert history_document({"redis": lines})["redis"]["growth"] == [
        {"kind": "boot", "seconds": 12.0, "usual": 4.1}
    ]


def test_no_history_is_said(world: StackSimulator) -> None:
    assert text(history_lines({"redis": ()})) == "no run yet"


STACK = Stack(
    name="shop",
    root=Path("/shop"),
    services={
        "caddy": Service(name="caddy"),
        "redis": Service(name="redis"),
        "web": Service(
            name="web",
            depends_on=(Dependency(service="redis", condition="service_healthy"),),
        ),
    },
    phases=(Phase(name="phase0", title="Front door"), Phase(name="phase5", title="Applications")),
)


def test_the_plan_says_why() -> None:
    demands = [Demand(nodeid="suites/test_web.py::test_it", services=("web",), phase="phase5")]
    plan = make_plan(STACK, demands)
    assert text(plan_lines(plan, STACK, 1)) == "stacktest: shop · 1 test · 2 services planned"
    assert (
        text(reason_lines(plan))
        == """\
start 1: redis
start 2: web
  redis  phase5    web depends on it (service_healthy)
  web    phase5    named by suites/test_web.py::test_it"""
    )


def test_the_plan_does_not_start_what_runs() -> None:
    plan = make_plan(STACK, [Demand(nodeid="suites/test_web.py::test_it", services=("web",))])
    assert list(reason_lines(plan, {"redis", "other"}))[:2] == ["runs:    redis", "start 1: web"]
    assert plan_document(plan, {"redis"})["start"] == [["web"]]
    assert plan_document(plan, {"redis"})["running"] == ["redis"]
    assert next(reason_lines(plan, {"redis", "web"})) == "runs:    redis, web"


def test_the_summary_ends_with_the_next_command(world: StackSimulator) -> None:
    outcomes = (
        *(world.outcome(nodeid) for nodeid in world.services["caddy"].tests),
        world.outcome(
            world.services["redis"].tests[0], "failed", reason="assert 1 == 2", seconds=2.5
        ),
    )
    verdicts = fold(world.inventory(), outcomes, RunFacts())
    ran = world.run(list(outcomes))
    judgements = {name: world.judge(name) for name in world.services}
    summary = RunSummary(
        verdicts=verdicts,
        credited=tuple(sorted(ran.credited())),
        refused={},
        judgements=judgements,
        outcomes=outcomes,
        phases=dict.fromkeys(world.services["caddy"].tests, "phase0")
        | {world.services["redis"].tests[0]: "phase5"},
        fallen={"web": "was running, is exited"},
    )
    assert (
        text(summary_lines(summary, STACK))
        == """\
phase0    Front door    2 passed
phase5    Applications  1 failed
credited  caddy
failing   redis: suites/test_redis.py::test_0 failed: assert 1 == 2
fell over web was running, is exited
slowest     2.5 s  suites/test_redis.py::test_0
status    1 functional, 1 failing
next      stacktest why redis"""
    )


def test_a_cause_that_several_services_have_is_one_row(world: StackSimulator) -> None:
    world.add("web", tests=1)
    cause = "the certificate of *.home.lan ended yesterday"
    test = world.services["redis"].tests[0]
    outcomes = (world.outcome(test, "failed", reason="assert 1 == 2"),)
    summary = RunSummary(
        verdicts=fold(world.inventory(), outcomes, RunFacts()),
        credited=(),
        refused={},
        judgements={name: world.judge(name) for name in world.services},
        outcomes=outcomes,
        phases={},
        names={test: f"{test}[wiki.home.lan]"},
        not_up={name: StartFailure(service=name, cause=cause) for name in ("caddy", "web")},
    )
    rows = [line for line in summary_lines(summary, STACK) if line.startswith("never_run")]
    assert rows == [
        f"never_run caddy, web: {cause}",
        # With the values of its parameters, which no record holds.
        f"never_run redis: {test}[wiki.home.lan] failed: assert 1 == 2",
    ]


def test_a_copy_does_not_call_the_services_that_it_left_out_untested(
    world: StackSimulator,
) -> None:
    world.add("web", tests=1)
    down = {"web": StartFailure(service="web", cause="web exited 1")}
    summary = RunSummary(
        verdicts={},
        credited=("caddy",),
        refused={},
        judgements={name: world.judge(name) for name in world.services},
        outcomes=(),
        phases={},
        not_up=down,
    )
    assert text(summary_lines(summary, replace(STACK, copy="shop-rehearsal-1"))) == (
        "passed    caddy\nnever_run web: not up: web exited 1"
    )
    assert "never_run caddy, redis" in text(summary_lines(summary, STACK))


def test_the_next_command_is_about_the_service_that_is_down_itself(world: StackSimulator) -> None:
    down = {
        "app": StartFailure(service="app", cause="app needs redis", because_of="redis"),
        "redis": StartFailure(service="redis", cause="redis exited 1"),
    }
    summary = RunSummary(
        verdicts=fold(world.inventory(), [], RunFacts()),
        credited=(),
        refused={},
        judgements={},
        outcomes=(),
        phases={},
        not_up=down,
    )
    assert list(summary_lines(summary, STACK))[-1] == "next      stacktest why redis"


def test_a_long_list_of_services_without_credit_is_cut(world: StackSimulator) -> None:
    for number in range(8):
        world.add(f"s{number}", tests=1)
    facts = RunFacts(selection="-k nothing")
    verdicts = fold(world.inventory(), [world.outcome(world.services["caddy"].tests[0])], facts)
    summary = RunSummary(
        verdicts=verdicts,
        credited=(),
        refused={f"s{number}": "its fingerprint is unknown" for number in range(8)},
        judgements={},
        outcomes=(),
        phases={},
    )
    shown = list(summary_lines(summary, STACK))
    assert "no credit s0, s1, s2, s3, s4, s5, s6, s7: its fingerprint is unknown" in shown
    several = {name: f"{why}: {name}.conf" for name, why in summary.refused.items()}
    shown = list(summary_lines(replace(summary, refused=several), STACK))
    assert "          and 4 other services: stacktest status" in shown
    assert world.now - timedelta(days=1) < world.now


def test_the_next_command_is_about_what_does_not_count(world: StackSimulator) -> None:
    """A front door that is drifted refuses its own pass, and that of all that it leads to."""
    world.add("app", tests=1)
    outcomes = [world.outcome(test) for one in world.services.values() for test in one.tests]
    world.run([o for o in outcomes if o.services == ("app",)])
    refused = dict.fromkeys(("app", "redis"), "the front door redis is drifted")
    summary = RunSummary(
        verdicts=fold(world.inventory(), outcomes, RunFacts()),
        credited=(),
        refused=refused,
        judgements={name: world.judge(name) for name in world.services},
        outcomes=(),
        phases={},
    )
    assert list(summary_lines(summary, STACK))[-1] == "next      stacktest why redis"
