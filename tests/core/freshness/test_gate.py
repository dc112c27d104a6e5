"""The gate: what closes it, with which exit code, and what would clear it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.backups.states import BackupJudgement, BackupState
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.gate import Gate, GatePolicy, _service_blockers, decide
from stacktest.core.freshness.judgement import Finding
from stacktest.core.freshness.next_step import NextStep
from stacktest.core.freshness.states import State
from stacktest.core.misnamed import Misnamed
from stacktest.core.model import Build, Service, Stack
from stacktest.core.records.exemption import Exemption
from stacktest.core.records.status import StatusMeta
from stacktest.core.unknown import Unknown
from stacktest.reports.terminal.gate import gate_lines
from tests.support.known import known
from tests.support.stack_simulator import START, StackSimulator

LATER = date(2030, 1, 1)


def exempt(service: str, *states: str) -> Exemption:
    return Exemption(service=service, states=states, reason="known", until=LATER)


@pytest.fixture
def ready(world: StackSimulator) -> StackSimulator:
    """Two services, both functional, and the status says so."""
    world.add("app")
    world.add("db")
    world.run()
    world.index()
    assert world.gate().open
    return world


def rewrite(world: StackSimulator, **changes: Any) -> None:
    status = world.status
    status["app"] |= changes
    world.ledger.status_path.write_text(json.dumps(status))


def test_open(ready: StackSimulator) -> None:
    gate = ready.gate("repo")
    assert (gate.open, gate.exit_code, gate.blockers, gate.warnings) == (True, 0, (), ())
    assert gate.scope == "repo"


def test_some_states_deny_whatever_is_configured(ready: StackSimulator) -> None:
    ready.deny = frozenset()
    ready.exempt = [exempt("app", "error", "evidence_missing", "failing")]
    ready.run(app="failed")
    gate = ready.gate()
    assert gate.open
    assert gate.warnings == ("app: failing, exempt: known (until 2030-01-01)",)
    ready.services["app"].errors = ("compose: odd",)
    gate = ready.gate()
    assert (gate.open, gate.exit_code) == (False, 11)
    assert gate.blockers[0].reasons == ("compose: odd",)
    ready.services["app"].errors = ()
    ready.record("app").unlink()
    ready.record("app", "last_run.json").unlink()
    assert [one.state for one in ready.gate().blockers] == [State.EVIDENCE_MISSING]


@pytest.mark.parametrize("scope", ["host", "repo"])
def test_a_service_that_fails_and_never_passed_closes_the_gate_once(
    scope: Any, world: StackSimulator
) -> None:
    world.add("app")
    world.index()
    world.run(app="failed")
    assert [blocker.state for blocker in world.gate(scope).blockers] == [State.FAILING]
    world.index()
    assert [blocker.state for blocker in world.gate(scope).blockers] == [State.FAILING]
    world.exempt = [exempt("app", "failing")]
    assert [blocker.state for blocker in world.gate(scope).blockers] == [State.NEVER_RUN]


def test_a_state_that_is_not_denied_is_a_warning(ready: StackSimulator) -> None:
    ready.deny = frozenset({State.FAILING})
    ready.services["app"].code = "v2"
    gate = ready.gate()
    assert gate.open
    assert gate.warnings == ("app: tests_changed, which does not close this gate",)


def test_an_exemption_does_not_hide_what_lies_behind_it(ready: StackSimulator) -> None:
    ready.exempt = [exempt("app", "changed")]
    ready.services["app"].edit("config", "new")
    ready.services["app"].recreate()
    assert ready.gate().open
    ready.services["app"].code = "v2"
    (blocker,) = ready.gate().blockers
    assert blocker.state is State.TESTS_CHANGED
    # The same from what was committed, which names the other states.
    ready.index()
    (blocker,) = ready.gate("repo", look=False).blockers
    assert blocker.state is State.TESTS_CHANGED


@pytest.mark.parametrize("closes", [True, False])
def test_an_entry_of_the_configuration_about_nobody(ready: StackSimulator, *, closes: bool) -> None:
    ready.misnamed = (
        Misnamed(name="gone", places=("stacktest.toml:3",), hint="write app", closes=closes),
    )
    ready.index()
    gate = ready.gate()
    cause = "stacktest.toml:3 names 'gone', which is not a service of this stack"
    assert (gate.open, gate.exit_code) == ((False, 11) if closes else (True, 0))
    assert [(item.reasons, item.command) for item in gate.blockers] == (
        [((cause,), "write app")] if closes else []
    )
    assert gate.warnings == (() if closes else (f"{cause}; write app",))
    assert ready.gate("repo", look=False).open is not closes
    meta = ready.ledger.read_meta()
    assert isinstance(meta, StatusMeta)
    assert meta.warnings == (f"{cause}; write app",)


@pytest.mark.parametrize("state", ["failing", "drifted", "expired", "doc_stale"])
def test_a_repository_never_raises_what_the_host_said(state: str, ready: StackSimulator) -> None:
    word = State(state)
    rewrite(ready, state=state, status=word.status, functional=word.functional, reasons=["x"])
    # Only a failure outlives the look: it stands until a newer pass, whoever remembers it.
    now = State.FAILING if word is State.FAILING else State.FUNCTIONAL
    assert ready.judge("app", "repo").state is now
    (blocker,) = ready.gate("repo").blockers
    assert (blocker.service, blocker.state, blocker.reasons) == ("app", word, ("x",))
    # The host looks for itself.
    assert ready.gate("host").open == (now is State.FUNCTIONAL)


def test_a_repository_lowers_what_the_host_said(ready: StackSimulator) -> None:
    ready.services["app"].code = "v2"
    (blocker,) = ready.gate("repo").blockers
    assert (blocker.state, blocker.reasons) == (State.TESTS_CHANGED, ("tests:edited",))


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "functional", "state": "failing"},
        {"status": "stale", "state": "functional"},
        {"functional": False},
        {"state": "splendid"},
        {"state": None},
    ],
)
def test_an_entry_that_contradicts_itself_is_no_evidence(
    changes: dict[str, Any], ready: StackSimulator
) -> None:
    rewrite(ready, **changes)
    gate = ready.gate("repo", look=False)
    assert (gate.open, gate.exit_code) == (False, 11)
    assert gate.blockers[0].reasons[0].startswith("status.json: app.")


def test_services_and_status_are_the_same_set(ready: StackSimulator) -> None:
    ready.add("new", tests=0)
    gate = ready.gate("repo", look=False)
    assert [(one.service, one.reasons) for one in gate.blockers] == [
        ("new", ("not in status.json",))
    ]
    del ready.services["new"], ready.services["db"]
    (blocker,) = ready.gate("repo", look=False).blockers
    assert blocker.reasons == ("status.json: db is not a service of the stack",)


def test_a_misnamed_service_closes_the_gate_once_and_says_where(ready: StackSimulator) -> None:
    status, meta = ready.ledger.read_status(), known(ready.ledger.read_meta())
    old = Misnamed(name="db", places=("suites/test_db.py:3",), hint="write its new name there")
    policy = GatePolicy(now=ready.now)
    gate = decide(status, meta, services=["app"], policy=policy, misnamed=[old])
    (blocker,) = gate.blockers
    assert (blocker.reasons, blocker.command) == ((old.cause,), old.hint)
    assert not gate.open


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "status.json is missing"),
        ("", "status.json: status.json is empty"),
        ("{}", "status.json is empty"),
        ("[]", "status.json: not a JSON object"),
    ],
)
def test_a_status_that_is_none(document: str | None, reason: str, ready: StackSimulator) -> None:
    ready.ledger.status_path.unlink()
    if document is not None:
        ready.ledger.status_path.write_text(document)
    gate = ready.gate("repo", look=False)
    assert gate.exit_code == 11
    assert (reason,) in [one.reasons for one in gate.blockers]


def test_a_model_that_is_none(ready: StackSimulator) -> None:
    status, meta = ready.ledger.read_status(), known(ready.ledger.read_meta())
    policy = GatePolicy(now=ready.now)
    models: tuple[list[str] | Unknown, ...] = ([], Unknown("no compose file"))
    for services in models:
        gate = decide(status, meta, services=services, policy=policy)
        assert (gate.open, gate.exit_code) == (False, 11)
    assert decide(status, meta, services=["app", "db"], policy=policy).open
    for bad in (None, Unknown("not JSON"), replace(meta, evaluated_at=START.replace(year=2099))):
        gate = decide(status, bad, services=["app", "db"], policy=policy)
        assert (gate.open, gate.exit_code) == (False, 11)


def test_a_service_that_was_not_judged(ready: StackSimulator) -> None:
    judgements = {"app": ready.judge("app")}
    gate = decide(
        ready.ledger.read_status(),
        ready.ledger.read_meta(),
        services=["app", "db"],
        policy=GatePolicy(now=ready.now),
        judgements=judgements,
    )
    assert [(one.service, one.reasons) for one in gate.blockers] == [("db", ("not judged",))]


def test_known_bad_outweighs_not_known(ready: StackSimulator) -> None:
    ready.add("new", tests=1)
    ready.index()
    assert ready.gate().exit_code == 11
    ready.services["app"].code = "v2"
    assert ready.gate().exit_code == 1


@pytest.mark.parametrize("state", [state for state in State if state is not State.FUNCTIONAL])
def test_every_blocker_comes_with_a_command(state: State) -> None:
    said = NextStep(pages="docs/{service}.md").of("app", state)
    assert said
    assert ("docs/app.md" in said) == (state in (State.DOC_MISSING, State.DOC_STALE))


def test_a_service_that_fails_and_is_drifted_is_put_right_first(ready: StackSimulator) -> None:
    ready.run(app="failed")
    ready.services["app"].drift = ("container:exited 1",)
    commands = {blocker.state: blocker.command for blocker in ready.gate().blockers}
    assert commands.keys() == {State.FAILING, State.DRIFTED}
    assert set(commands.values()) == {"docker compose up -d app && pytest --stale"}


@pytest.mark.parametrize(
    ("exempt_states", "command"),
    [((), "docker compose restart db && pytest --stale"), (("drifted",), "pytest --stale")],
)
def test_a_drifted_dependency_comes_first_unless_tests_may_pass_beside_it(
    ready: StackSimulator, exempt_states: tuple[str, ...], command: str
) -> None:
    ready.services["app"].depends_on = ("db",)
    ready.run()
    ready.services["app"].edit("stanza", "other")
    ready.services["db"].drift = ("stale:conf/db.conf",)
    ready.exempt = [exempt("db", *exempt_states)]
    assert {b.command for b in ready.gate().blockers if b.service == "app"} == {command}


# Profiles


def two_profiles(*enabled: str) -> Stack:
    services = {
        "base": Service(name="base"),
        "extra": Service(name="extra", profiles=("more",), build=Build(context="/x")),
        "broken": Service(name="broken", profiles=("odd",), unreadable="env_file x does not exist"),
    }
    return Stack(name="d", root=Path("/d"), services=services, enabled_profiles=enabled)


@pytest.mark.parametrize(
    ("name", "state", "closes"),
    [
        ("base", State.NEVER_RUN, True),
        ("extra", State.NEVER_RUN, False),
        ("extra", State.NO_TESTS, False),
        ("extra", State.FAILING, True),
        ("extra", State.CHANGED, True),
        ("broken", State.ERROR, False),
    ],
)
def test_a_service_whose_profile_was_never_switched_on_does_not_close_the_gate(
    name: str, state: State, closes: bool
) -> None:
    stack = two_profiles()
    policy = GatePolicy(
        now=START,
        next_step=NextStep(stack=stack),
        enabled=frozenset(stack.default_services()),
    )
    warnings: list[str] = []
    blockers = list(_service_blockers(name, [Finding(state=state)], policy, warnings))
    assert bool(blockers) is closes
    assert bool(warnings) is not closes


def test_a_service_that_must_run_or_does_run_closes_it_all_the_same() -> None:
    policy = GatePolicy(
        now=START,
        next_step=NextStep(stack=two_profiles()),
        enabled=frozenset({"base", "extra"}),
    )
    assert list(_service_blockers("extra", [Finding(state=State.NEVER_RUN)], policy, []))


@pytest.mark.case("field/x01")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("base", "docker compose up -d --force-recreate base && pytest --stale"),
        (
            "extra",
            "docker compose --profile more up -d --build --force-recreate extra && pytest --stale",
        ),
    ],
)
def test_the_command_for_drift_makes_a_new_container(name: str, text: str) -> None:
    assert NextStep(stack=two_profiles()).of(name, State.DRIFTED) == text


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (BackupState.RESTORABLE, 0),
        (BackupState.EXPIRED, 1),
        (BackupState.ROTTEN, 1),
        (BackupState.NEVER_DRILLED, 11),
    ],
)
def test_backups_count_where_the_configuration_says_so(
    ready: StackSimulator, state: BackupState, code: int
) -> None:
    backup = BackupJudgement(service="db", state=state, why="of old")

    def decided(policy: GatePolicy) -> Gate:
        status, meta = ready.ledger.read_status(), ready.ledger.read_meta()
        return decide(status, meta, services=["app", "db"], policy=policy, backups=[backup])

    assert decided(GatePolicy(now=ready.now)).open
    gate = decided(GatePolicy(now=ready.now, drills=True))
    assert gate.exit_code == code
    commands = [(blocker.service, blocker.state, blocker.command) for blocker in gate.blockers]
    assert commands == ([("db", state, "stacktest drill db")] if code else [])


def test_drifted_services_and_their_dependants_are_cured_together(world: StackSimulator) -> None:
    for name in ("app", "db", "cache"):
        world.add(name)
    world.services["app"].depends_on = ("db",)
    world.run()
    world.services["db"].drift = ("env:A",)
    world.services["cache"].drift = ("stale:conf/a",)
    world.services["app"].code = "v2"
    world.index()
    gate = world.real_judge().gate(world.judge_all(), world.now, is_local=True)
    commands = {item.service: item.command for item in gate.blockers}
    together = "docker compose up -d db && docker compose restart cache && pytest --stale"
    assert commands == dict.fromkeys(("app", "db", "cache"), together)
    assert sum("next:" in line for line in gate_lines(gate)) == 1
