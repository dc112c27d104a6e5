"""Every closed gate names a command that opens it, and that means this stack when it is pasted."""

from pathlib import Path

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.judgement import Finding
from stacktest.core.freshness.next_step import NextStep
from stacktest.core.freshness.states import State
from stacktest.core.model import Build, Mount, Service, Stack

STACK = Stack(
    name="shop",
    root=Path("/shop"),
    services={"red": Service(name="red"), "mail": Service(name="mail", profiles=("mail",))},
    compose_options=("-f", "deploy/prod.yml"),
)
STEP = NextStep(
    stack=STACK, pages="docs/{service}.md", status="docs/_data/status.json", ledger="data/tests"
)
THERE, UP = "(cd '/srv/a b' && stacktest gate)", "docker compose -f deploy/prod.yml up -d red"
COMPOSE = "docker compose -f deploy/prod.yml"

TABLE = [
    ("drifted", ["stale:conf/a"], f"{COMPOSE} restart red && pytest --stale"),
    ("drifted", ["container:paused"], f"{COMPOSE} unpause red && pytest --stale"),
    ("drifted", ["container:exited 3"], f"{COMPOSE} up -d red && pytest --stale"),
    ("drifted", ["absent"], f"{COMPOSE} up -d red && pytest --stale"),
    ("drifted", ["env:A", "stale:conf/a"], f"{COMPOSE} up -d --force-recreate red && pytest --stale"),
    ("drifted", ["env:A"], f"{COMPOSE} up -d red && pytest --stale"),
    ("drifted", ["definition:mem_limit"], f"{COMPOSE} up -d --force-recreate red && pytest --stale"),
    ("drifted", ["container:unhealthy"], f"{COMPOSE} up -d --force-recreate red && pytest --stale"),
    ("drifted", ["unbuilt:Dockerfile", "env:A"], f"{COMPOSE} up -d --build red && pytest --stale"),
    (
        "drifted",
        ["unbuilt:image of base"],
        f"{COMPOSE} build base && {COMPOSE} up -d red && pytest --stale",
    ),
    (
        "drifted",
        ["unbuilt:context/a_test.go:cached"],
        f"{COMPOSE} build --no-cache red && {COMPOSE} up -d red && pytest --stale",
    ),
    ("drifted", ["folder:/srv/a b", "env:A"],
     f"judge it where it was made: {THERE}; or run it from here instead: {UP} && pytest --stale"),
    ("drifted", ["folder:/srv/old:gone", "stale:conf/a"], f"{COMPOSE} restart red && pytest --stale"),
    ("drifted", ["folder", "env:A"],
     f"judge it in the folder where it was made, or run it from here: {UP} && pytest --stale"),
    ("drifted", ["files", "env:A"],
     f"name the file that made it in [stack] compose, or leave it out: {UP} && pytest --stale"),
    ("drifted", ["files:prod.yml", "env:A"],
     f"name prod.yml in [stack] compose, or leave it out: {COMPOSE} up -d red && pytest --stale"),
    ("drifted", [], f"{COMPOSE} up -d --force-recreate red && pytest --stale"),
    ("drifted", ["image:team/app:9 is not here"],
     f"{COMPOSE} pull red && {COMPOSE} up -d red && pytest --stale"),
    ("drifted", ["image:newer behind the tag", "update"], "stacktest update --continue"),
    ("drifted", ["env:A", "update:a.py::test_b failed"], "stacktest update --again red"),
    ("drifted", ["image:newer behind the tag", "rehearsal:r1"],
     "correct what .stacktest/rehearsals/r1/rehearsal.json names, then: stacktest update red"),
    ("drifted", ["env:A", "update:a.py::test_b failed", "rehearsal:r1"],
     "stacktest update --again red"),
    ("changed", ["env"], "pytest --stale"),
    ("failing", ["test:a.py::test_b"], "pytest --stale"),
    ("never_run", ["run:a.py::test_b was skipped"], "pytest --stale"),
    ("never_run", ["run:a.py::test_b names red but never touched it: its answer may be another's"],
     "pytest --stale"),
    ("never_run", ["run:a.py::test_b names red but never touched it"],
     "let a test ask red, or say no_contact=WHY, then: pytest --stale"),
    ("never_run", ["run:no test had an answer of red: its container was only looked at"],
     "let a test ask red, or say no_contact=WHY, then: pytest --stale"),
    ("tests_changed", ["tests:edited", "run:1 of 2 tests that name red asserts nothing: a.py::test_b"],
     "let every test of red assert something, then: pytest --stale"),
    ("never_run", ["run:1 of 1 test that names red asserts nothing: a.py::test_b"],
     "let every test of red assert something, then: pytest --stale"),
    ("never_run", ["run:a.py::test_b failed: it asserts nothing: x"], "pytest --stale"),
    ("evidence_missing", ["last_pass"], "pytest --stale"),
    ("doc_stale", ["doc:behind"],
     "stacktest ack red && git commit -m 'Review the page of red' -- docs/red.md"),
    ("doc_missing", [], "write docs/red.md and commit it"),
    ("error", ["evidence:last_pass comes from another stack, 'a@b'"], "pytest --stale"),
    ("error", ["part:stanza: stanza was signed with another key"], "pytest --stale"),
    ("error", ["part:image: the engine does not answer"], "stacktest doctor"),
    ("error", ["live:the engine does not answer"], "stacktest doctor"),
    ("error", ["evidence:last_pass is about 'blue'"],
     "rm data/tests/red/last_pass.json && pytest --stale"),
    ("error", ["evidence:last_run: last_run.json is empty"],
     "rm data/tests/red/last_run.json && pytest --stale"),
    ("error", ["clock:last_pass is dated 2099-01-01T00:00:00.000+00:00, which is in the future"],
     "rm data/tests/red/last_pass.json && pytest --stale"),
    ("error", ["evidence:status: not a JSON object"],
     "rm docs/_data/status.json && stacktest status"),
    ("error", ["tests:suites/test_b.py"], "pytest --collect-only -q"),
    ("error", ["doc:this is a shallow clone; run: git fetch --unshallow"], "git fetch --unshallow"),
    ("error", ["not in status.json"], "stacktest status"),
    ("drifted", ["name:red: other has it, too"], "give one of the two another name, then: pytest --stale"),
]  # fmt: skip


@pytest.mark.case("freshness/r01-next-command")
@pytest.mark.parametrize(("state", "reasons", "command"), TABLE)
def test_a_state_has_a_command(state: str, reasons: list[str], command: str) -> None:
    assert STEP.of("red", State(state), reasons) == command


EXITED = Finding(state=State.DRIFTED, reasons=("container:exited 1",))
UP = f"{COMPOSE} up -d red && pytest --stale"


@pytest.mark.parametrize(
    ("first", "drift", "command"),
    [
        (Finding(state=State.FAILING, reasons=("start:red exited 1",)), EXITED, UP),
        (Finding(state=State.CHANGED, reasons=("env",)), EXITED, UP),
        (
            Finding(state=State.CHANGED, reasons=("env",)),
            Finding(state=State.DRIFTED, reasons=("env:A", "rehearsal:r1")),
            STEP.of("red", State.DRIFTED, ["env:A", "rehearsal:r1"]),
        ),
        (
            Finding(state=State.CHANGED, reasons=("env",)),
            Finding(state=State.DRIFTED, reasons=("env:A", "update")),
            "stacktest update --continue",
        ),
        (Finding(state=State.NO_TESTS), EXITED, STEP.of("red", State.NO_TESTS)),
        (
            Finding(state=State.FAILING),
            Finding(state=State.DRIFTED, reasons=("update:a.py::test_b failed",)),
            "pytest --stale",
        ),
    ],
)
def test_what_is_drifted_is_put_right_before_it_is_tested(
    first: Finding, drift: Finding, command: str
) -> None:
    assert STEP.out_of("red", (first, drift)) == command


CHECK = f"{COMPOSE} run --rm --no-deps -T --entrypoint nginx red -t"
RESTART = f"{COMPOSE} restart red && pytest --stale"


@pytest.mark.parametrize(
    ("image", "door", "target", "command"),
    [
        ("nginx:1.27-alpine", "red", "/etc/nginx/conf.d", f"{CHECK} && {RESTART}"),
        ("ghcr.io/nginxinc/nginx-unprivileged", "red", "/etc/nginx", f"{CHECK} && {RESTART}"),
        ("lab/nginx@sha256:1", "red", "/etc/nginx/conf.d", f"{CHECK} && {RESTART}"),
        ("nginx:1", "red", "/etc/nginx/templates", RESTART),
        ("nginx:1", "", "/etc/nginx/conf.d", RESTART),
        ("nginx/nginx-prometheus-exporter:1", "red", "/etc/nginx/conf.d", RESTART),
        ("caddy:2", "red", "/etc/caddy", RESTART),
        ("", "red", "/etc/nginx/conf.d", RESTART),
    ],
)
def test_a_front_door_that_would_not_start_again_is_not_restarted(
    image: str, door: str, target: str, command: str
) -> None:
    mount = Mount(kind="bind", source="/shop/conf", target=target)
    red = Service(name="red", image=image, mounts=(mount,))
    step = replace(STEP, stack=replace(STACK, services={"red": red}, front_door=door))
    assert step.of("red", State.DRIFTED, ["stale:conf/a"]) == command
    other = "docker compose -f deploy/prod.yml up -d --force-recreate red && pytest --stale"
    assert step.of("red", State.DRIFTED, ["definition:mem_limit"]) == other


def test_a_command_switches_the_profile_on() -> None:
    command = STEP.of("mail", State.DRIFTED, ["stale:conf/a"])
    assert command == f"{COMPOSE} --profile mail restart mail && pytest --stale"


@pytest.mark.parametrize(
    ("state", "reasons", "command"),
    [
        ("changed", ["env"], "(cd '/srv/my shop' && pytest --stale)"),
        ("drifted", ["absent"], f"{COMPOSE} up -d red && (cd '/srv/my shop' && pytest --stale)"),
        ("drifted", ["env:A", "update"], "(cd '/srv/my shop' && stacktest update --continue)"),
        ("error", ["stack:no engine"], "(cd '/srv/my shop' && stacktest doctor)"),
    ],
)
def test_from_another_folder_a_command_goes_to_the_stack_s(
    state: str, reasons: list[str], command: str
) -> None:
    far = replace(STEP, stack=replace(STACK, far_folder="/srv/my shop"))
    assert far.of("red", State(state), reasons) == command


@pytest.mark.parametrize(
    ("shown", "command"),
    [
        ("docker compose start red", "docker compose start red && pytest --stale"),
        ("renew home.crt, then: docker compose restart caddy",
         "renew home.crt, then: docker compose restart caddy && pytest --stale"),
        ("docker compose up -d red && pytest --stale", "docker compose up -d red && pytest --stale"),
        ("docker compose logs --tail 20 red", "docker compose logs --tail 20 red"),
        ("stacktest doctor", "stacktest doctor"),
        ("ss -ltunp 'sport = :80'", "ss -ltunp 'sport = :80'"),
    ],
)  # fmt: skip
def test_what_a_diagnosis_mends_is_tested_afterwards(shown: str, command: str) -> None:
    step = replace(STEP, commands={"red": shown})
    assert step.out_of("red", (Finding(state=State.FAILING),)) == command


def test_nothing_is_recreated_with_blank_values() -> None:
    """`up` would give the container a blank password where the old one has the right one."""
    keys = ("services.red.environment", "services.mail.environment")
    stack = replace(STACK, unset_variables={"RED_PASSWORD": keys, "OTHER": keys[1:]})
    step = replace(STEP, stack=stack)
    command = "set RED_PASSWORD in .env, then: stacktest gate"
    assert step.of("red", State.DRIFTED, ["env:PASSWORD"]) == command
    restart = f"{COMPOSE} restart red && pytest --stale"
    assert step.of("red", State.DRIFTED, ["stale:conf/a"]) == restart


SHARED = Stack(
    name="shop",
    root=Path("/shop"),
    services={
        **{name: Service(name=name) for name in ("a", "b", "c", "d", "base")},
        "door": Service(name="door", image="nginx:1"),
        "built": Service(name="built", build=Build(context=".")),
    },
    front_door="door",
)
CHECK = "docker compose run --rm --no-deps -T --entrypoint nginx door -t"
TOGETHER: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "of one kind": (
        {"b": ("stale:conf/b",), "a": ("stale:conf/a",)},
        "docker compose restart a b",
    ),
    "of several kinds": (
        {"c": ("stale:x",), "a": ("env:A",), "b": ("absent",), "built": ("unbuilt:Dockerfile",)},
        "docker compose up -d a b && docker compose up -d --build built && docker compose restart c",
    ),
    "images come first": (
        {"a": ("env:A",), "b": ("unbuilt:image of base",), "c": ("image:c:9 is not here",)},
        "docker compose build base && docker compose pull c && docker compose up -d a b c",
    ),
    "the check of nginx stays its own": (
        {"a": ("stale:x",), "door": ("stale:nginx.conf",)},
        f"docker compose restart a && {CHECK} && docker compose restart door",
    ),
    "a folder that is gone": (
        {"a": ("folder:/srv/old:gone", "stale:x"), "b": ("stale:x",)},
        "docker compose restart a b",
    ),
}


@pytest.mark.parametrize("kind", TOGETHER)
def test_several_drifted_services_have_one_command(kind: str) -> None:
    drifted, command = TOGETHER[kind]
    step = NextStep(stack=SHARED)
    own = {step.of(name, State.DRIFTED, reasons) for name, reasons in drifted.items()}
    # What a person has to decide, or an update has to do, is not pasted for all.
    alone = {
        "d": ("name:d: x has it, too",),
        "base": ("update", "env:A"),
        "other": ("folder:/srv/clone", "env:A"),
    }
    expected = dict.fromkeys(own, f"{command} && pytest --stale")
    assert step.together({**drifted, **alone}) == expected


def test_a_service_alone_keeps_its_command() -> None:
    assert NextStep(stack=SHARED).together({"a": ("stale:x",), "d": ("update",)}) == {}


def test_where_another_program_runs_the_services_each_has_its_command() -> None:
    stack = replace(SHARED, own_commands={"restart": "docker service update --force {full_names}"})
    drifted = {"a": ("stale:x",), "b": ("stale:x",)}
    assert NextStep(stack=stack).together(drifted) == {}
