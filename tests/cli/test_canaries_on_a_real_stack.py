"""Canaries in every source of a real stack: none in what any verb prints, or in any file."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exports import exports
from tests.support.listener import Listener, listening

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

CANARY = "cN-4711"
"""The part that all canaries have; each goes on with its source."""
_WHICH = re.compile(f"{CANARY}-([a-z]+)")
EVIDENCE = "reports/evidence/"
COMPOSE = """
name: {project}
services:
  cache:
    image: stacktest/redis:7.0
    command: ["redis-server", "--save", "", "--requirepass", "cN-4711-command"]
    environment: {{MYSQL_PWD: cN-4711-map, URL: "redis://u:cN-4711-url@h/0?token=cN-4711-query"}}
    env_file: [cache.env]
    labels: {{app.token: cN-4711-label}}
    healthcheck:
      test: ["CMD-SHELL", "redis-cli -a cN-4711-command ping"]
      interval: 1s
    secrets: [by_file, by_variable]
    configs: [inline]
    volumes: ["./mounted.ini:/etc/app.ini:ro"]
  broken:
    image: stacktest/redis:7.0
    entrypoint: ["bash", "-c", "env; cat /run/secrets/* /inline /etc/app.ini; echo $$0 $$*; exit 3"]
    command: ["--password=cN-4711-argument"]
    environment: ["MASTERKEY=cN-4711-list"]
    env_file: [cache.env]
    secrets: [by_file, by_variable]
    configs: [inline]
    volumes: ["./mounted.ini:/etc/app.ini:ro"]
  door:
    image: stacktest/caddy:2.6.2
    environment: {{APP_TOKEN: cN-4711-door}}
    ports: ["127.0.0.1::80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
secrets:
  by_file: {{file: ./secret.txt}}
  by_variable: {{environment: T_VARIABLE}}
configs:
  inline: {{content: "password = cN-4711-inline"}}
"""
CADDYFILE = """
:80 {
    header Set-Cookie "session={$APP_TOKEN}"
    header X-Token {$APP_TOKEN}
    respond "the token is {$APP_TOKEN}" 500
}
"""
"""What an application shows on its error page, and sends with every answer."""
BEFORE = """
import pytest

@pytest.mark.service("door")
def test_an_error_page(api):
    assert api("door").get("/").status_code == 500
"""
TESTS = """
import pytest

@pytest.mark.service("door")
def test_an_error_page(api):
    answer = api("door").get("/?token=cN-4711-door", headers={"Authorization": "Bearer cN-4711-door"})
    assert answer.status_code == 200, (answer.text, dict(answer.headers))

@pytest.mark.service("door")
def test_an_error_page_in_a_browser(page, api):
    page.goto(str(api("door").base_url))
    assert page.inner_text("body") == "welcome"

@pytest.mark.service("cache")
@pytest.mark.parametrize("word", ["cN-4711-parameter"])
def test_it(inside, word):
    answer = inside("cache").run("bash", "-c", "env; cat /run/secrets/* /etc/app.ini").out
    assert answer == "cN-4711-assertion"

@pytest.mark.service("broken")
def test_broken(inside):
    assert inside("broken")
"""
OWN = (".pytest_cache", "junit.xml", "suites", "compose.yaml", "cache.env", "secret.txt")
"""The sources themselves, and what pytest itself writes of a test that failed."""
MAIN = "from stacktest.cli import main; main()"
VERBS = (
    *("status", "status --json", "status --format md", "gate", "gate --json", "gate --offline"),
    *("why cache", "why cache --json", "why broken", "history", "history --json", "check"),
    *("fingerprint", "fingerprint --json", "plan", "plan --json", "names", "names --json"),
    *("config show", "doctor", "page --output -", *(f"export {verb}" for verb in exports("cache"))),
    *("notify", "up broken", "down"),
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    name = f"t-canaries-{os.getpid()}"
    monkeypatch.setenv("T_VARIABLE", f"{CANARY}-variable")
    monkeypatch.setenv("STACKTEST_ADMIN_PASSWORD", f"{CANARY}-person")
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(project=name))
    (tmp_path / "cache.env").write_text(f"PGPASSWORD={CANARY}-env-file\n")
    (tmp_path / "secret.txt").write_text(f"{CANARY}-secret-file\n")
    (tmp_path / "mounted.ini").write_text(f"password = {CANARY}-mounted\n")
    (tmp_path / "Caddyfile").write_text(CADDYFILE)
    (tmp_path / "stacktest.toml").write_text(
        '[stack]\n[[notify]]\nkind = "webhook"\nurl_env = "T_HOOK"\n'
        '[[notify]]\nkind = "ntfy"\nurl_env = "T_TOPIC"\n'
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = suites\n")
    (tmp_path / "suites").mkdir()
    yield tmp_path
    subprocess.run(
        ["docker", "compose", "-p", name, "down", "-v", "-t", "1"], cwd=tmp_path, check=False,
        capture_output=True,
    )  # fmt: skip


def ask(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, check=False, capture_output=True, text=True,
        timeout=170,
    )  # fmt: skip
    return f"{done.stdout}{done.stderr}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Takes what is sent to a webhook and to an ntfy topic."""
    with listening() as listener:
        monkeypatch.setenv("T_HOOK", f"{listener.url}/hook")
        monkeypatch.setenv("T_TOPIC", f"{listener.url}/topic")
        yield listener


def test_no_canary_anywhere(project: Path, server: Listener) -> None:
    found: dict[str, list[str]] = {}
    tests = project / "suites/test_all.py"
    tests.write_text(BEFORE)
    assert "1 passed" in ask(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    # A service that worked before is news when it fails.
    tests.write_text(TESTS)
    printed = ask(
        project, "-m", "pytest", "-v", "-l", "-p", "no:cacheprovider", "--junitxml=junit.xml"
    )
    assert "not up" in printed
    known = [
        line
        for line in printed.splitlines()
        if CANARY in line and "-parameter" not in line and "-assertion" not in line
    ]
    found["pytest"] = known
    for verb in VERBS:
        text = ask(project, "-c", MAIN, *verb.split())
        assert "SK-BUG" not in text, text
        found[verb] = [line for line in text.splitlines() if CANARY in line]
    assert {line for line, _, _ in server.asked} == {"POST /hook", "POST /topic"}
    assert [asked for asked in server.asked if CANARY in str(asked)] == []
    # What a test said is for `why` and `gate` alone, in the terminal.
    texts = {verb: [line for line in lines if "-assertion" in line or "-parameter" in line]
             for verb, lines in found.items()}  # fmt: skip
    assert {verb for verb, lines in texts.items() if lines} <= {
        *("why cache", "why cache --json", "gate", "gate --offline", "status"),
    }
    left = {verb: [line for line in lines if line not in texts[verb]]
            for verb, lines in found.items()}  # fmt: skip
    assert {verb: lines for verb, lines in left.items() if lines} == {}
    files = {
        str(path.relative_to(project)): path.read_text(errors="replace")
        for path in project.rglob("*")
        if path.is_file() and path.relative_to(project).parts[0] not in (*OWN, "mounted.ini")
    }
    # No secret, and in files that only their owner reads: what a test is called, and what it said.
    holding = {name: set(_WHICH.findall(text)) for name, text in files.items() if CANARY in text}
    assert set().union(*holding.values()) <= {"assertion", "parameter"}
    assert {name for name in holding if not name.startswith((".stacktest/", EVIDENCE))} == set()
    assert {(project / name).stat().st_mode & 0o777 for name in holding} == {0o600}
