"""`why`, `gate` and their JSON name the same command, with what this machine knows of the run."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from stacktest.adapters.ledger.run_texts import read_texts, save_texts
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.application.judge import Judge
from stacktest.bootstrap.context import Project
from stacktest.cli.gate import gate
from stacktest.config import Config
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.gate import Gate
from stacktest.core.model import Stack
from stacktest.core.records.rehearsal import Rehearsal, Rehearsed, Result
from stacktest.core.records.run_texts import RunTexts
from stacktest.core.route import Route
from stacktest.reports.terminal.gate import gate_document, gate_lines
from stacktest.reports.terminal.why import why_document, why_lines
from tests.support.stack_simulator import StackSimulator

RENEW = "renew certs/home.crt, then: docker compose restart caddy"
PROVE = "pytest --stale"
ASSERT = f"let every test of redis assert something, then: {PROVE}"
REHEARSAL: dict[str, Any] = {
    "id": "r1",
    "run": "run",
    "started": datetime(2026, 1, 6, tzinfo=UTC),
    "finished": datetime(2026, 1, 6, tzinfo=UTC),
    "data": "copy",
    "copied_bytes": 0,
    "paused_seconds": 0.0,
}
MEND = "correct what .stacktest/rehearsals/r1/rehearsal.json names, then: stacktest update redis"


@pytest.fixture
def world(tmp_path: Path) -> StackSimulator:
    world = StackSimulator(tmp_path)
    world.add("caddy")
    world.add("redis", tests=2)
    world.run()
    world.later(hours=1)
    return world


def failed_with_a_command(world: StackSimulator) -> None:
    name = world.services["redis"].tests[0]
    outcomes = world.outcomes(redis="failed")
    world.run(
        [
            replace(o, diagnosis="certs/home.crt expired", command=RENEW, evidence="e.html")
            if o.nodeid == name
            else o
            for o in outcomes
        ]
    )


def failed_and_then_edited(world: StackSimulator) -> None:
    failed_with_a_command(world)
    world.services["redis"].edit("stanza", "other")


def failed_and_on_a_fresh_clone(world: StackSimulator) -> None:
    failed_with_a_command(world)
    (world.root / ".stacktest" / "texts.json").unlink()


def asserts_nothing(world: StackSimulator) -> None:
    redis = world.services["redis"]
    redis.tests = (*redis.tests, "suites/test_redis.py::test_idle")
    world.run([replace(o, assertions=0 if "idle" in o.nodeid else 1) for o in world.outcomes()])


def asserts_nothing_and_is_changed(world: StackSimulator) -> None:
    asserts_nothing(world)
    world.services["redis"].edit("env", "other")


@pytest.mark.parametrize(
    ("story", "command"),
    [
        (failed_with_a_command, f"{RENEW} && {PROVE}"),
        (failed_and_then_edited, PROVE),
        (failed_and_on_a_fresh_clone, PROVE),
        (asserts_nothing, ASSERT),
        (asserts_nothing_and_is_changed, ASSERT),
    ],
)
def test_why_and_gate_name_the_command(
    world: StackSimulator, story: Callable[[StackSimulator], None], command: str
) -> None:
    story(world)
    world.index()
    assert commands(world, judge_of(world)) == {command}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_verb_gate_names_what_the_run_said_to_do(
    world: StackSimulator, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    failed_with_a_command(world)
    world.index()
    project = SimpleNamespace(root=world.root, judge=judge_of(world))
    monkeypatch.setattr("stacktest.cli.gate._project", lambda *_: project)
    result = CliRunner().invoke(gate, ["--offline", *options])
    assert RENEW in result.output
    assert result.exit_code == 1


def test_what_others_read_has_nothing_that_only_this_machine_knows(world: StackSimulator) -> None:
    failed_with_a_command(world)
    world.index()
    decision = judge_of(world).gate(world.judge_all(), world.now)
    assert {blocker.command for blocker in decision.blockers} == {PROVE}


def test_the_reason_says_that_a_test_asserts_nothing(world: StackSimulator) -> None:
    asserts_nothing(world)
    assert world.judge("redis").reasons == (
        "tests:added 1",
        "run:1 of 3 tests that name redis asserts nothing: suites/test_redis.py::test_idle",
    )


UP = f"docker compose up -d redis && {PROVE}"


@pytest.mark.parametrize(
    ("results", "changes", "command"),
    [
        ({"redis": "failed"}, {}, MEND),
        ({"redis": "not_proved"}, {}, MEND),
        ({"redis": "passed", "web": "failed"}, {}, MEND),
        ({"redis": "passed", "caddy": "failed"}, {}, UP),
        ({"redis": "passed"}, {}, UP),
        ({"redis": "left_out", "web": "failed"}, {}, UP),
        ({"caddy": "failed"}, {}, UP),
        ({"redis": "failed"}, {"drilled": ("redis",)}, UP),
    ],
)
def test_what_did_not_pass_its_rehearsal_is_not_installed(
    world: StackSimulator, results: dict[str, Result], changes: dict[str, Any], command: str
) -> None:
    world.add("web", depends_on=("redis",))
    world.services["redis"].drift = ("image:newer behind the tag",)
    world.index()
    judge = judge_of(world, rehearsal(world, results, **changes))
    assert commands(world, judge) == {command}


@pytest.mark.parametrize("drift", [(), ("container:exited 1",)])
def test_a_rehearsal_says_nothing_of_a_container_that_is_what_the_files_say(
    world: StackSimulator, drift: tuple[str, ...]
) -> None:
    world.services["redis"].drift = drift
    judge = judge_of(world, rehearsal(world, {"redis": "failed"}))
    judgement = judge.judge("redis", world.observe(), world.tests(), world.now, "host")
    assert judgement.reasons == drift


def test_a_newer_rehearsal_or_pass_ends_what_an_older_rehearsal_said(
    world: StackSimulator,
) -> None:
    world.services["redis"].drift = ("image:newer behind the tag",)
    world.index()
    failed = rehearsal(world, {"redis": "failed"})
    later = rehearsal(world, {"redis": "passed"}, started=world.now + timedelta(hours=1))
    before_the_pass = replace(failed, started=world.now - timedelta(days=1))
    assert commands(world, judge_of(world, later, failed)) == {UP}
    assert commands(world, judge_of(world, before_the_pass)) == {UP}


@pytest.mark.parametrize("drifted", ["caddy", "postgres"])
def test_what_keeps_the_tests_from_a_pass_is_applied_first(
    world: StackSimulator, drifted: str
) -> None:
    """A dependency or the front door of which the container is not what its files say."""
    world.add("postgres")
    world.services["redis"].depends_on = ("postgres",)
    world.front_door = "caddy"
    world.routes = (Route(host="redis.home.arpa", service="redis"),)
    world.run()
    world.services["redis"].edit("stanza", "other")
    assert commands(world, world.real_judge()) == {PROVE}
    world.services[drifted].drift = ("stale:configs/app.conf",)
    restart = f"docker compose restart {drifted} && {PROVE}"
    assert commands(world, world.real_judge()) == {restart}


def test_a_project_reads_what_this_machine_remembers(tmp_path: Path) -> None:
    project = Project(tmp_path, {})
    loaded = (Config(root=tmp_path), Stack(name="shop", root=tmp_path, services={}))
    project.__dict__ |= {"settings": loaded[0], "_loaded": loaded, "identity": "shop@e"}
    failed = Rehearsal(**REHEARSAL, services={"redis": Rehearsed(result="failed")})
    folder = state_dir(tmp_path) / "rehearsals"
    for name, document in (("r1", failed.to_dict()), ("r2", {})):
        (folder / name).mkdir(parents=True)
        (folder / name / "rehearsal.json").write_text(json.dumps(document))
    save_texts(tmp_path, {"redis": RunTexts(run="1", command=RENEW)})
    assert [run.command for run in project.judge.texts()["redis"]] == [RENEW]
    assert project.judge.rehearsals() == (failed,)


# Private


def judge_of(world: StackSimulator, *rehearsals: Rehearsal) -> Judge:
    def texts() -> dict[str, tuple[RunTexts, ...]]:
        return dict(read_texts(world.root))

    return replace(world.real_judge(), texts=texts, rehearsals=lambda: rehearsals)


def commands(world: StackSimulator, judge: Judge) -> set[str]:
    """The commands for redis: of the gate now and offline, of `why`, and of the JSON of both."""
    judgements = judge.judge_all(world.observe(), world.tests(), world.now)
    judgement, now = judgements["redis"], world.services["redis"].fingerprint
    world.ledger.write_status(judgements, world.meta(judgements))
    drift = {name: seen.drift for name, seen in world.observe().items()}
    step = judge.local_step({"redis": judgement.entry.fingerprint}, drift)
    subject = (judgement, judge.evidence("redis"), now, ())
    *_, line = why_lines(*subject, next_step=step)
    document: Any = why_document(*subject, next_step=step)
    now_and_offline = (judgements, None)
    gates = [judge.gate(judged, world.now, is_local=True) for judged in now_and_offline]
    rows: Any = [row for decision in gates for row in document_of(decision)["blockers"]]
    own = {row["command"] for row in rows if row["service"] == "redis"}
    assert all(any(f"next: {command}" in text for text in gate_lines(gates[0])) for command in own)
    return {*own, line.removeprefix("next").strip(), document["command"]}


def document_of(decision: Gate) -> Any:
    return gate_document(decision)


def rehearsal(world: StackSimulator, results: dict[str, Result], **changes: Any) -> Rehearsal:
    services = {name: Rehearsed(result=result) for name, result in results.items()}
    times = {"started": world.now, "finished": world.now}
    return Rehearsal(**(REHEARSAL | times | {"services": services} | changes))
