"""A real stack is updated: what is good stays, what is bad goes back with its data, byte for byte."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docker_command import docker, wait_until
from tests.support.nested_pytest import ADDOPTS

pytestmark = pytest.mark.real_docker

PROJECT = f"t-update-{os.getpid()}"
COMPOSE = f"""
name: {PROJECT}
services:
  store:
    image: stacktest/redis:7.0
    command: ["--protected-mode", "no", "--dir", "/data", "--appendonly", "yes"]
    volumes: ["data:/data", "./site:/site"]
  app:
    image: {PROJECT}/app:current
    depends_on: [store]
    environment: {{TOKEN: "not-for-files"}}
    labels: {{traefik.enable: "true"}}
    networks: {{default: {{aliases: [front]}}}}
    volumes: ["/nameless"]
    stop_grace_period: 1s
  page:
    image: stacktest/redis:7.0
    depends_on: [app]
  bare:
    image: stacktest/redis:7.0
volumes: {{data: {{}}}}
"""
SUITES = {
    "store": """
def test_the_name_is_there(inside):
    assert inside("store").run("redis-cli", "get", "name").out.strip() == "live"
""",
    "app": """
def test_it_answers(inside):
    assert inside("app").run("redis-cli", "ping").out.strip() == "PONG"
""",
    "page": """
def test_the_app_says_that_it_is_well(inside):
    answer = inside("page").run("redis-cli", "-h", "front", "config", "get", "databases")
    assert answer.out.split() == ["databases", "16"]
""",
}
IMAGES = {
    "good": "exec redis-server --protected-mode no",
    "better": "exec redis-server --protected-mode no --appendonly no",
    # Its own tests pass, and its health is fine.
    "bad": "redis-cli -h store set name migrated; rm /site/*; echo x > /nameless/x; "
    "exec redis-server --protected-mode no --databases 4",
    "dead": "exit 3",
}


class Live:
    """A stack that runs, as a person updates it."""

    proved = ""

    def __init__(self, root: Path) -> None:
        self.root = root

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "stacktest", words[0], "--stack", ".", *words[1:]]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb of the command."""
        return subprocess.run(
            self.argv(*words),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def prove(self) -> None:
        """Every service has a standing pass, of the containers that run now."""
        if self.ids() == Live.proved:
            return
        argv = [sys.executable, "-P", "-m", "pytest", "-q", "--stack=.", "suites"]
        done = subprocess.run(argv, cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        Live.proved = self.ids()

    def tag(self, kind: str) -> None:
        """The tag of the compose file means another image now, as after a pull."""
        docker("tag", f"{PROJECT}/app:{kind}", f"{PROJECT}/app:current")

    def image(self) -> str:
        """Id of the image that the app runs."""
        return docker("inspect", "--format", "{{.Image}}", f"{PROJECT}-app-1")

    def id_of(self, kind: str) -> str:
        return docker("image", "inspect", "--format", "{{.Id}}", f"{PROJECT}/app:{kind}")

    def container(self) -> Any:
        """All that the app was given, without what the engine chose."""
        (document,) = json.loads(docker("inspect", f"{PROJECT}-app-1"))
        text = json.dumps({key: document[key] for key in ("Config", "HostConfig", "Name")})
        networks = {
            name: [alias for alias in network["Aliases"] if alias != document["Id"][:12]]
            for name, network in document["NetworkSettings"]["Networks"].items()
        }
        mounts = sorted(
            (m["Type"], m.get("Name", ""), m["Destination"]) for m in document["Mounts"]
        )
        shown = json.loads(text.replace(document["Id"][:12], "ID"))
        # The nameless volume is asked for by its name now, as Compose does when it recreates.
        del shown["HostConfig"]["Mounts"]
        return shown, networks, mounts

    def data(self) -> str:
        """A digest of every byte that outlives a container, with owners, modes and times."""
        listing = (
            "cd {0} && find . -exec stat -c '%n %U %G %a %Y %s' {{}} + | sort; "
            "find {0} -type f | sort | xargs -r sha256sum; "
        )
        (nameless,) = (m[1] for m in self.container()[2] if m[2] == "/nameless")
        volumes = ("-v", f"{PROJECT}_data:/d:ro", "-v", f"{nameless}:/n:ro")
        folder = ("-v", f"{self.root / 'site'}:/s:ro")
        script = "".join(listing.format(place) for place in ("/d", "/n", "/s"))
        run = ("run", "--rm", "--user", "0", "--entrypoint", "sh")
        return docker(*run, *volumes, *folder, "stacktest/redis:7.0", "-c", script)

    def files(self) -> str:
        return hashlib.sha256((self.root / "compose.yaml").read_bytes()).hexdigest()

    def left_over(self) -> list[str]:
        """What an update saves, and its journal."""
        saved = f"name={PROJECT}-update"
        journal = self.root / ".stacktest" / "update.json"
        return [
            *docker("ps", "--all", "--quiet", "--filter", saved).split(),
            *docker("volume", "ls", "--quiet", "--filter", saved).split(),
            *docker("ps", "--all", "--quiet", "--filter", f"name={PROJECT}-rehearsal").split(),
            *([journal.name] if journal.exists() else []),
        ]

    def ids(self) -> str:
        form = "{{.Id}} {{.State.StartedAt}} {{.State.Status}}"
        names = docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"name={PROJECT}-")
        return docker("inspect", "--format", form, *sorted(names.split()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack, and its images."""
    root = tmp_path_factory.mktemp("update")
    (root / "compose.yaml").write_text(COMPOSE)
    (root / "stacktest.toml").write_text('[stack]\nsuites = ["suites"]\n')
    (root / "pytest.ini").write_text(f"[pytest]\n{ADDOPTS}\n")
    (root / "site").mkdir()
    (root / "site" / "page").write_text("hello\n")
    (root / "site" / ".hidden").write_text("hidden\n")
    (root / "suites" / "phase0").mkdir(parents=True)
    for name, text in SUITES.items():
        mark = f'import pytest\n\npytestmark = pytest.mark.service("{name}")\n\n'
        (root / "suites" / "phase0" / f"test_{name}.py").write_text(
            f'"""It works."""\n{mark}{text}'
        )
    for kind, script in IMAGES.items():
        text = f'FROM stacktest/redis:7.0\nUSER root\nENTRYPOINT ["sh", "-c", "{script}"]\nCMD []\n'
        build(kind, text)
    compose = ["docker", "compose", "--project-directory", str(root)]
    docker("tag", f"{PROJECT}/app:good", f"{PROJECT}/app:current")
    subprocess.run([*compose, "up", "-d"], check=True, capture_output=True)
    store = ["exec", f"{PROJECT}-store-1", "redis-cli"]
    wait_until(lambda: docker(*store, "ping") == "PONG", seconds=60)
    docker(*store, "set", "name", "live")
    yield root
    subprocess.run([*compose, "down", "-v", "-t", "1"], check=True, capture_output=True)
    kinds = docker("images", "--format", "{{.Tag}}", f"{PROJECT}/app").split()
    docker("image", "rm", "--force", *(f"{PROJECT}/app:{kind}" for kind in kinds))


@pytest.fixture
def live(folder: Path) -> Iterator[Live]:
    """The stack as it was, proved, whatever the test before has left."""
    stack = Live(folder)
    stack.tag("good")
    compose = ["docker", "compose", "--project-directory", str(folder), "up", "-d"]
    subprocess.run(compose, check=True, capture_output=True)
    stack.prove()
    yield stack
    assert stack.left_over() == []


def test_a_bad_image_goes_back_with_its_data_and_is_refused_from_then_on(live: Live) -> None:
    container, data, files = live.container(), live.data(), live.files()
    live.tag("bad")
    done = live.run("update", "app", "--no-rehearsal")
    assert done.returncode == 1, done.stdout + done.stderr
    why = "suites/phase0/test_page.py::test_the_app_says_that_it_is_well failed"
    assert re.search(rf"^put back  in \d+\.\d s: {re.escape(why)}$", done.stdout, re.MULTILINE)
    assert live.image() == live.id_of("good")
    assert live.data() == data
    assert live.container()[1:] == container[1:]
    # The tag means the bad image, so the old one is named by its id.
    config, before = live.container()[0], container[0]
    assert config["Config"].pop("Image") == live.id_of("good")
    assert before["Config"].pop("Image") == f"{PROJECT}/app:current"
    assert config == before
    assert live.files() == files
    assert live.id_of("bad") == live.id_of("current")
    told = live.run("why", "app").stdout
    assert f"  update:{why}\n" in told
    assert "next      stacktest update --again app\n" in told
    refused = live.run("update", "app", "--no-rehearsal")
    assert refused.returncode == 2
    assert f"app was put back from this very candidate: {why}" in refused.stderr
    # What was put back passed its tests: the next candidate needs no other proof of it.
    live.tag("better")
    kept = live.run("update", "app", "--no-rehearsal")
    assert kept.returncode == 0, kept.stdout + kept.stderr


def test_a_good_image_is_kept_and_credited(live: Live) -> None:
    live.tag("better")
    done = live.run("update", "--no-rehearsal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kept      app: all tests passed; it was down for" in done.stdout
    assert live.image() == live.id_of("better")
    assert "3 functional" in live.run("status").stdout
    assert "nothing to update" in live.run("update", "--plan").stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nobody"], 2, "no service 'nobody' in the stack"),
        (["app", "--to", "app=127.0.0.1:9/app:2"], 2, "cannot be fetched, and nothing was changed"),
        (["bare", "--to", f"bare={PROJECT}/app:good"], 2, "bare has no test"),
        (["app", "--continue"], 2, "no update is open"),
        (["app", "--to", f"app={PROJECT}/app:other-platform"], 2, "its image is for linux/arm64"),
    ],
    ids=["unknown service", "failed pull", "no test", "none open", "another platform"],
)
def test_what_cannot_be_done_is_one_error_and_changes_nothing(
    live: Live, words: list[str], code: int, message: str
) -> None:
    if "other-platform" in " ".join(words):
        build("other-platform", "FROM scratch\nLABEL a=b\n", "--platform", "linux/arm64")
    before = live.ids()
    done = live.run("update", *words)
    assert (done.returncode, message in done.stderr) == (code, True), done.stdout + done.stderr
    assert live.ids() == before


def build(kind: str, text: str, *options: str) -> None:
    """An image of the app with the labels of one that Compose built, which containers inherit."""
    of_compose = {"project": PROJECT, "service": "app"}
    labels = [f"--label=com.docker.compose.{key}={value}" for key, value in of_compose.items()]
    subprocess.run(
        ["docker", "build", "--quiet", *labels, *options, "--tag", f"{PROJECT}/app:{kind}", "-"],
        input=text,
        check=True,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_what_nothing_proves_is_not_updated_unless_a_person_says_so(live: Live) -> None:
    Live.proved = ""
    subprocess.run(["rm", "-r", str(live.root / "data"), str(live.root / ".stacktest")], check=True)
    live.tag("better")
    done = live.run("update", "app", "--no-rehearsal")
    assert done.returncode == 2
    assert "app has no standing pass: it has no pass" in done.stderr
    assert live.image() == live.id_of("good")
    assert live.run("update", "app", "--no-rehearsal", "--without-baseline").returncode == 0
    (journal,) = (live.root / ".stacktest" / "updates").glob("*.json")
    assert json.loads(journal.read_text())["without_baseline"] is True


@pytest.mark.slow
def test_a_red_rehearsal_touches_nothing(live: Live) -> None:
    before, data = live.ids(), live.data()
    live.tag("bad")
    done = live.run("update", "app", "--again")
    assert done.returncode == 1
    assert "the rehearsal did not pass: nothing that runs was touched" in done.stdout
    assert live.ids() == before
    assert live.data() == data


@pytest.mark.slow
def test_what_does_not_start_goes_back(live: Live) -> None:
    data = live.data()
    live.tag("dead")
    done = live.run("update", "app", "--no-rehearsal")
    assert done.returncode == 1
    assert "put back  in" in done.stdout
    assert live.image() == live.id_of("good")
    assert live.data() == data


@pytest.mark.slow
@pytest.mark.parametrize("resume", ["--undo", "--continue"])
@pytest.mark.parametrize("step", ["saving", "replacing", "testing"])
def test_after_a_kill_every_verb_knows_and_the_next_command_ends_it(
    live: Live, step: str, resume: str
) -> None:
    data = live.data()
    live.tag("better")
    journal = live.root / ".stacktest" / "update.json"

    def is_there() -> bool:
        return journal.exists() and json.loads(journal.read_text())["step"] == step

    update = subprocess.Popen(
        live.argv("update", "app", "--no-rehearsal", "--again"),
        cwd=live.root,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(is_there, seconds=60)
    os.killpg(update.pid, signal.SIGKILL)
    update.wait()
    assert "an update of app is open since" in live.run("status").stdout
    assert "next      stacktest update --continue" in live.run("why", "app").stdout
    refused = live.run("up", "app")
    assert refused.returncode == 2
    assert "stacktest update --undo" in refused.stderr
    done = live.run("update", resume)
    assert done.returncode == 0, done.stdout + done.stderr
    assert live.image() == live.id_of("better" if resume == "--continue" else "good")
    if resume == "--undo":
        assert live.data() == data


@pytest.mark.slow
def test_what_was_kept_can_be_undone_while_what_ran_before_is_kept(live: Live) -> None:
    toml = live.root / "stacktest.toml"
    text = toml.read_text()
    toml.write_text(f'{text}\n[update]\nkeep = "1h"\n')
    data = live.data()
    live.tag("better")
    try:
        assert live.run("update", "app", "--no-rehearsal", "--again").returncode == 0
        assert live.left_over() != []
        docker("exec", f"{PROJECT}-store-1", "redis-cli", "set", "other", "1")
        assert live.run("update", "--undo").returncode == 0
    finally:
        toml.write_text(text)
    assert live.image() == live.id_of("good")
    assert live.data() == data
