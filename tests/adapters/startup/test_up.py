"""A bring-up starts what is asked for, touches nothing else, and takes down only its own."""

import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from stacktest.adapters import process
from stacktest.adapters.engine.documents import PROJECT
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.progress import Progress
from stacktest.core.route import Route
from stacktest.errors import StackNotReadyError, UsageError
from tests.support.compose_project import IMAGE, Project
from tests.support.docker_command import wait_until
from tests.support.known import known

pytestmark = pytest.mark.real_docker

SLEEP = "image: IMAGE\n    init: true\n    command: [sleep, infinity]"
TWO = f"""
services:
  app:
    {SLEEP}
  db:
    {SLEEP}
    healthcheck: {{test: ["CMD", "true"], interval: 1s}}
    volumes: ["data:/data"]
volumes: {{data: {{}}}}
"""


SPEAKS = 'image: stacktest-base:bookworm\n    command: [sh, -c, "echo good bye; exec sleep 600"]'


class Recorder(Progress):
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def starting(self, service: str) -> None:
        self.said.append(("starting", service))

    def ready(self, service: str, seconds: float, why: str) -> None:
        self.said.append(("ready", service))


def states(project: Project) -> dict[str, str]:
    return {each.service: each.state for each in project.engine.containers(project.name)}


def ids(project: Project) -> dict[str, str]:
    return {each.service: each.id for each in project.engine.containers(project.name)}


def test_starts_only_what_is_asked_for_and_removes_it_but_not_its_volume(project: Project) -> None:
    project.write(TWO)
    up = project.up("db")
    assert states(project) == {"db": "running"}
    assert up.seconds.keys() == up.started.keys() == {"db"}
    assert up.stop() == {}
    assert project.leftovers() == []
    listed = ["docker", "volume", "ls", "--quiet"]
    volumes = subprocess.run(listed, capture_output=True, text=True, check=True)
    assert f"{project.name}_data" in volumes.stdout.split()
    assert project.engine.remove_volume(f"{project.name}_data") == ""


def test_a_stack_that_runs_is_used_as_it_is_and_left_as_it_was(project: Project) -> None:
    project.write(TWO)
    project.compose("up", "--detach", "--wait", "db")
    before = ids(project)
    up = project.up("db")
    assert up.already_running == ("db",)
    assert not up.started
    up.stop()
    assert ids(project) == before


def test_only_the_missing_service_is_started_and_removed(project: Project) -> None:
    project.write(TWO)
    project.compose("up", "--detach", "--wait", "db")
    before = ids(project)
    up = project.up()
    assert up.already_running == ("db",)
    assert up.started.keys() == {"app"}
    assert ids(project)["db"] == before["db"]
    up.stop()
    assert ids(project) == before
    assert f"{project.name}_default" in project.leftovers()


def test_a_stopped_container_of_somebody_else_is_in_the_way(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    project.write(TWO.replace(SLEEP, SPEAKS))
    project.compose("up", "--detach", "--wait", "app")
    project.compose("stop", "--timeout", "0", "app")
    with pytest.raises(StackNotReadyError) as caught:
        project.up("app")
    error, at, *words, hint = caught.value.lines()
    assert words == ["  last lines of app:", "    | good bye"]
    assert error == "error: app has a stopped container that stacktest did not create"
    assert at.startswith(f"  at: container {project.name}-app-1 (exited 1")
    assert hint == "  hint: docker compose start app"
    assert states(project) == {"app": "exited"}


def test_a_paused_container_goes_on_by_the_command_that_is_shown(project: Project) -> None:
    project.write(f"services:\n  app:\n    {SLEEP}\n")
    project.compose("up", "--detach")
    project.compose("pause")
    with pytest.raises(NotReadyError) as caught:
        project.up()
    assert caught.value.what == "app is paused"
    assert caught.value.hint.endswith("unpause app")
    project.compose(*caught.value.hint.split()[2:])
    assert states(project) == {"app": "running"}


def test_always_starts_it_and_stops_it_again(project: Project) -> None:
    project.write(TWO)
    project.compose("up", "--detach", "--wait", "app")
    project.compose("stop", "--timeout", "0", "app")
    before = ids(project)
    up = project.up("app", mode="always")
    assert states(project) == {"app": "running"}
    up.stop()
    assert states(project) == {"app": "exited"}
    assert ids(project) == before


def test_never_starts_nothing(project: Project) -> None:
    project.write(TWO)
    with pytest.raises(StackNotReadyError) as caught:
        project.up(mode="never")
    error, *_, also, hint = caught.value.lines()
    assert error == "error: app does not run, and --stack-up=never starts nothing"
    assert also == "  also not up: db does not run, and --stack-up=never starts nothing"
    assert hint.endswith("up --detach app")
    assert project.leftovers() == []


def test_never_removes_nothing_of_its_own_run(project: Project) -> None:
    project.write(TWO)
    up = project.up(run_id="r1")
    before = states(project)
    project.compose("stop", "-t", "0", "app")
    with pytest.raises(StackNotReadyError, match="app does not run"):
        project.up("app", run_id="r1", mode="never")
    assert states(project).keys() == before.keys()
    up.stop()


def test_an_unknown_mode_is_refused(project: Project) -> None:
    project.write(TWO)
    with pytest.raises(UsageError, match="'sometimes' is not a way"):
        project.up(mode="sometimes")


def test_what_an_earlier_run_left_is_replaced_and_what_was_kept_is_used(project: Project) -> None:
    project.write(TWO)
    lost = project.up("app", run_id="lost")
    known(lost.reaper).disarm()
    up = project.up("app", run_id="next")
    assert up.started.keys() == {"app"}
    assert up.started["app"] != lost.started["app"]
    up.stop()

    kept = project.up("app", run_id="kept", keep=True)
    kept.stop()
    up = project.up("app", run_id="after")
    assert up.already_running == ("app",)
    up.stop()
    assert ids(project) == {"app": kept.started["app"][0]}


def test_a_dependant_starts_when_its_dependency_is_far_enough(project: Project) -> None:
    project.write(f"""
services:
  app:
    {SLEEP}
    depends_on:
      db: {{condition: service_healthy}}
      migrate: {{condition: service_completed_successfully}}
  migrate: {{image: IMAGE, command: ["true"]}}
  db:
    {SLEEP}
    healthcheck: {{test: ["CMD", "true"], interval: 1s}}
""")
    recorder = Recorder()
    up = project.up("app", progress=recorder)
    order = recorder.said
    assert order.index(("ready", "db")) < order.index(("starting", "app"))
    assert order.index(("ready", "migrate")) < order.index(("starting", "app"))
    assert states(project) == {"app": "running", "db": "running", "migrate": "exited"}
    up.stop()
    assert project.leftovers() == []


def test_a_program_sees_all_of_its_networks_from_its_first_moment(project: Project) -> None:
    counts = "test $$(ls -d /sys/class/net/eth* | wc -l) = 3 && exec sleep infinity"
    app = f"{{image: IMAGE, init: true, command: [sh, -c, '{counts}'], networks: [a, b, c]}}"
    project.write(
        f"""
services:
  front: {app}
  back: {app}
  side: {app}
networks: {{a: {{}}, b: {{}}, c: {{}}}}
"""
    )
    up = project.up()
    assert up.started.keys() == {"front", "back", "side"}
    assert set(states(project).values()) == {"running"}
    up.stop()


def test_a_front_door_that_looks_up_names_starts_after_the_services_that_have_them(
    project: Project,
) -> None:
    project.write(f"""
services:
  app:
    {SLEEP}
  door: {{image: IMAGE, init: true, command: [sh, -c, "getent hosts app && exec sleep infinity"]}}
""")

    def with_door(stack: Stack) -> Stack:
        route = Route(host="app.lan", service="app", is_looked_up_at_start=True)
        return replace(stack, front_door="door", routes=(route,))

    up = project.up("door", completed=with_door, keep=True)
    assert states(project) == {"app": "running", "door": "running"}
    project.engine.remove(up.started["app"][0])
    # A front door that runs has its addresses.
    again = project.up("door", completed=with_door, run_id="again")
    assert (again.already_running, dict(again.started)) == (("door",), {})


def test_a_job_that_has_ended_well_is_not_run_again(project: Project) -> None:
    project.write("""
services:
  migrate: {image: IMAGE, command: ["true"]}
""")
    project.compose("up", "migrate")
    up = project.up("migrate", rules={"migrate": "exited(0)"})
    assert up.already_running == ("migrate",)
    up.stop()


def test_a_file_with_inline_content_is_there_when_the_program_starts(project: Project) -> None:
    project.write("""
services:
  app:
    image: IMAGE
    init: true
    command: [sh, -c, "cat /etc/app.conf && echo && sleep infinity"]
    configs: [{source: conf, target: /etc/app.conf}]
configs: {conf: {content: "colour = blue"}}
""")
    up = project.up("app")
    assert "colour = blue" in known(project.engine.logs(up.started["app"][0]))
    up.stop()
    assert project.leftovers() == []


def test_an_http_rule_wants_its_one_status(project: Project, free_port: Callable[[], int]) -> None:
    project.write(f"""
services:
  app:
    image: IMAGE
    init: true
    ports: ["127.0.0.1:{free_port()}:8080"]
    command: [perl, -MIO::Socket::INET, -e, "sleep 1; my $$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 9, ReuseAddr => 1); while (my $$c = $$s->accept) {{ <$$c>; print $$c qq(HTTP/1.0 204 OK\\\\r\\\\n\\\\r\\\\n); close $$c }}"]
""")
    up = project.up("app", rules={"app": "http:/health 204"})
    assert up.seconds["app"] >= 1
    up.stop()
    with pytest.raises(StackNotReadyError) as caught:
        project.up("app", rules={"app": "http:/health"}, timeouts={"app": 3})
    assert caught.value.lines()[0] == (
        "error: app was not ready within 3 s: GET /health: status (204) == 200"
    )


def test_a_program_that_lost_a_process_to_memory_and_runs_on_is_ready(project: Project) -> None:
    lose = """
perl -e '$$x = "a" x 200_000_000'
echo it ended $$?
touch /tmp/ok
exec sleep infinity
"""
    project.write(
        f"""
services:
  app:
    image: IMAGE
    init: true
    mem_limit: 16m
    memswap_limit: 16m
    command: [sh, -c, {json.dumps(lose)}]
    healthcheck: {{test: [CMD, test, -e, /tmp/ok], interval: 1s}}
"""
    )
    up = project.up()
    assert "it ended 137" in known(project.engine.logs(up.started["app"][0]))
    up.stop()


def test_a_port_that_another_container_has(project: Project, free_port: Callable[[], int]) -> None:
    port = free_port()
    project.write(f"""
services:
  first:
    {SLEEP}
    ports: ["{port}:80"]
  second:
    {SLEEP}
    ports: ["{port}:80"]
    depends_on: [first]
""")
    with pytest.raises(StackNotReadyError) as caught:
        project.up()
    lines = caught.value.lines()
    assert lines[0] == f"error: second wants port {port}, which another container has"
    assert lines[-1] == f"  hint: docker ps --filter publish={port}"
    assert caught.value.service == "second"
    assert project.leftovers() == []


def test_a_port_that_a_program_has(project: Project, held_port: int) -> None:
    project.write(f"""
services:
  app:
    {SLEEP}
    ports: ["{held_port}:80"]
""")
    with pytest.raises(StackNotReadyError) as caught:
        project.up()
    lines = caught.value.lines()
    assert lines[0] == f"error: app wants port {held_port}, which a program on this machine has"
    assert lines[-1] == f"  hint: ss -ltunp 'sport = :{held_port}'"
    assert project.leftovers() == []


def test_a_container_name_that_another_project_has(project: Project, tmp_path: Path) -> None:
    name = f"t-boot-taken-{os.getpid()}"
    made = ["docker", "create", "--name", name, "stacktest-base:bookworm", "true"]
    subprocess.run(made, check=True, capture_output=True)
    try:
        project.write(
            f"services: {{app: {{image: IMAGE, command: ['true'], container_name: {name}}}}}"
        )
        with pytest.raises(StackNotReadyError) as caught:
            project.up()
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)
    lines = caught.value.lines()
    assert lines[0] == f"error: app wants the container name {name}, which another container has"
    assert lines[-1] == f"  hint: docker ps --all --filter name={name}"
    assert project.leftovers() == []


def test_a_dead_container_is_reported_within_a_second_of_its_end(project: Project) -> None:
    project.write("""
services:
  app: {image: IMAGE, command: [sh, -c, "sleep 1; date +%s.%N; echo out of disk; exit 3"]}
""")
    with pytest.raises(NotReadyError) as caught:
        project.up(keep=True)
    heard = time.time()  # noqa: TID251 - compared with the container's clock
    stamp = next(line for line in caught.value.details if line.strip(" |").startswith("1"))
    assert heard - float(stamp.strip(" |")) < 1.0
    assert "  | out of disk" in caught.value.details


def test_secret_values_stay_out_of_the_message(project: Project) -> None:
    project.write("""
services:
  app:
    image: IMAGE
    environment: {DB_PASSWORD: hunter2-hunter2}
    command: [sh, -c, "echo cannot log in with $$DB_PASSWORD; exit 1"]
""")
    with pytest.raises(StackNotReadyError) as caught:
        project.up()
    assert "| cannot log in with ${DB_PASSWORD}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_interrupt_removes_what_was_started(project: Project) -> None:
    project.write(TWO)

    class Impatient(Progress):
        def ready(self, service: str, seconds: float, why: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.up(progress=Impatient())
    assert project.leftovers() == []
    project.engine.remove_volume(f"{project.name}_data")


class _Interrupted:
    """A Compose that is interrupted while the engine carries out its last request."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.requests: list[subprocess.Popen[bytes]] = []

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        without: Iterable[str] = (),
    ) -> process.Completed:
        del services, holding, without
        marks = {PROJECT: self._project.name, **override["services"]["app"]["labels"]}
        words = [word for name, mark in marks.items() for word in ("--label", f"{name}={mark}")]
        create = shlex.join(["docker", "create", *words, IMAGE, "true"])
        late = ["sh", "-c", f"sleep 0.7; {create}"]
        self.requests.append(subprocess.Popen(late, stdout=subprocess.DEVNULL))
        raise KeyboardInterrupt

    def start(self, services: Iterable[str], override: Json) -> process.Completed:
        raise AssertionError((services, override))

    def recreate(
        self, services: Iterable[str], override: Json, *, holding: Sequence[int] = ()
    ) -> process.Completed:
        raise AssertionError((services, override, holding))


def test_what_the_engine_creates_after_an_interrupt_is_removed_too(project: Project) -> None:
    project.write(TWO)
    compose = _Interrupted(project)
    with pytest.raises(KeyboardInterrupt):
        project.up("app", deployment=compose)
    assert [request.wait() for request in compose.requests] == [0]
    assert project.leftovers() == []


def test_a_service_that_falls_later_is_noticed(project: Project) -> None:
    project.write(TWO)
    up = project.up("app")
    assert up.fallen() == {}
    project.compose("kill", "app")
    assert up.fallen() == {"app": "was running, is exited 137"}
    up.stop()


def test_a_container_that_somebody_made_anew_has_not_fallen(project: Project) -> None:
    project.write(TWO)
    up = project.up("app")
    project.compose("up", "-d", "--force-recreate", "app")
    assert up.fallen() == {}
    project.compose("kill", "app")
    assert up.fallen() == {"app": "was running, is exited 137"}
    project.compose("rm", "--force", "app")
    assert up.fallen() == {"app": "its container is gone"}
    up.stop()


def test_what_was_kept_and_has_ended_is_replaced(project: Project) -> None:
    project.write(TWO)
    kept = project.up("app", run_id="kept", keep=True)
    project.compose("kill", "app")
    up = project.up("app", run_id="next")
    assert up.started.keys() == {"app"}
    assert up.started != kept.started
    up.stop()


CHANGED = TWO.replace("init: true", "init: true\n    environment: {A: b}")


@pytest.mark.case("field/c06")
def test_what_was_up_before_a_run_is_up_after_it_although_its_definition_has_changed(
    project: Project,
) -> None:
    project.write(TWO)
    kept = project.up("app", run_id="kept", keep=True)
    project.write(CHANGED)
    up = project.up("app", run_id="next")
    assert up.already_running == ("app",)
    up.stop()
    assert ids(project) == {"app": kept.started["app"][0]}


def test_up_replaces_what_was_kept_when_its_definition_has_changed(project: Project) -> None:
    project.write(TWO)
    kept = project.up("app", run_id="kept", keep=True)
    project.write(CHANGED)
    up = project.up("app", run_id="next", keep=True)
    assert up.started.keys() == {"app"}
    assert up.started != kept.started


@pytest.mark.case("field/c22")
def test_a_container_that_a_test_recreated_is_named_with_its_network(project: Project) -> None:
    project.write(TWO)
    up = project.up("app")
    project.compose("up", "--detach", "--force-recreate", "app")

    left = up.stop()

    assert set(left) == {f"{project.name}-app-1", f"{project.name}_default"}
    assert left[f"{project.name}-app-1"].endswith("rm --stop --force app")


CHILD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from stacktest.adapters.startup.up import bring_up
    from stacktest.adapters.compose.client import Compose
    from stacktest.adapters.engine.client import Engine
    from stacktest.core.plan import plan_services
    compose = Compose(Path(sys.argv[1]))
    stack = compose.model()
    plan = plan_services(stack, stack.services)
    mode = sys.argv[3] if sys.argv[3:] else "auto"
    up = bring_up(stack, plan, compose, Engine(), run_id=sys.argv[2], mode=mode)
    print("up", flush=True)
    time.sleep(60)
""")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda each: each.name)
@pytest.mark.parametrize("moment", ["creating", "starting", "up"])
def test_nothing_is_left_two_seconds_after_a_kill(
    project: Project, number: signal.Signals, moment: str
) -> None:
    project.write(TWO)
    argv = [sys.executable, "-c", CHILD, str(project.root), f"run-{project.name}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        if moment == "creating":
            wait_until(project.leftovers, seconds=10)
        elif moment == "starting":
            wait_until(lambda: "running" in states(project).values(), seconds=10)
        else:
            assert known(run.stdout).readline() == "up\n"
        os.killpg(run.pid, number)
        run.wait(10)
        begun = time.monotonic()
        wait_until(lambda: run.poll() is not None and project.leftovers() == [], seconds=10)
        took = time.monotonic() - begun
    assert took < 2.5
    time.sleep(1.0)
    assert project.leftovers() == []
    project.engine.remove_volume(f"{project.name}_data")


def test_what_always_woke_is_stopped_when_the_run_is_killed(project: Project) -> None:
    project.write(TWO)
    project.compose("up", "--detach", "--wait", "db")
    project.compose("stop", "--timeout", "0", "db")
    before = ids(project)
    argv = [sys.executable, "-c", CHILD, str(project.root), f"run-{project.name}", "always"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as run:
        assert known(run.stdout).readline() == "up\n"
        assert states(project)["db"] == "running"
        run.kill()
    wait_until(lambda: states(project) == {"db": "exited"}, seconds=10)
    assert ids(project) == before


def test_the_reaper_of_one_run_leaves_another_runs_containers(
    project: Project, tmp_path: Path
) -> None:
    project.write(TWO)
    kept = project.up("db", run_id="kept", keep=True)
    argv = [sys.executable, "-c", CHILD, str(project.root), f"run-{project.name}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as run:
        assert known(run.stdout).readline() == "up\n"
        run.kill()
    wait_until(lambda: ids(project) == {"db": kept.started["db"][0]}, seconds=10)
    assert states(project) == {"db": "running"}


class Ending(Progress):
    def __init__(self) -> None:
        self.said: list[tuple[str, bool]] = []

    def failed(self, service: str, why: str, *, removed: bool) -> None:
        self.said.append((why, removed))


@pytest.mark.parametrize("keep", [False, True])
def test_whether_what_failed_goes_or_stays_is_said_and_done(project: Project, keep: bool) -> None:
    project.write("services:\n  app:\n    image: IMAGE\n    command: [sh, -c, 'exit 3']\n")
    said = Ending()
    with pytest.raises(StackNotReadyError):
        project.up(progress=said, keep=keep)
    assert said.said == [("app exited 3", not keep)]
    assert bool(project.leftovers()) is keep


NETWORKS = {
    "of another service": "db: {SLEEPS, networks: [back]}",
    "by default": "db: {SLEEPS}",
    "of a replica": "db: {SLEEPS, networks: [back], scale: 2}",
    "of a profile": "db: {SLEEPS, networks: [back], profiles: [more]}",
    "of a service that lacks something": "db: {SLEEPS, networks: [back], volumes: ['nosuch:/x']}",
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks_that_compose_makes_for_other_services_go_with_the_run(
    project: Project, kind: str
) -> None:
    sleeps = "image: IMAGE, init: true, command: [sleep, infinity]"
    project.write(f"""
services:
  app: {{{sleeps}, networks: [front]}}
  {NETWORKS[kind].replace("SLEEPS", sleeps)}
networks:
  front: {{}}
  back: {{}}
volumes: {{nosuch: {{external: {str("lacks" in kind).lower()}, name: {project.name}-nosuch}}}}
""")
    up = project.up("app")
    assert project.leftovers()
    assert up.stop() == {}
    assert project.leftovers() == []


def test_networks_of_others_are_not_labelled_and_stay(project: Project) -> None:
    """An external one, and one that a person made by hand, even where no planned service uses it."""
    outside = f"{project.name}-outside"
    sleeps = "image: IMAGE, init: true, command: [sleep, infinity]"
    project.write(f"""
services:
  app: {{{sleeps}, networks: [front]}}
  db: {{{sleeps}, networks: [back, outside]}}
networks:
  front: {{}}
  back: {{}}
  outside: {{external: true, name: {outside}}}
""")
    process.run(("docker", "network", "create", outside), timeout=60)
    try:
        project.compose("create", "db")
        kept = project.leftovers()
        project.up("app").stop()
        assert project.leftovers() == kept
        project.compose("down")
        project.up("app").stop()
        assert project.leftovers() == []
    finally:
        project.compose("down")
        removed = process.run(("docker", "network", "rm", outside), timeout=60)
    assert removed.code == 0
