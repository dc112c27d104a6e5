"""Canaries in every source of a real stack: none in what any verb prints, or in any file."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

CANARY = "cN-4711"
"""The part that all canaries have; each goes on with its source."""
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
secrets:
  by_file: {{file: ./secret.txt}}
  by_variable: {{environment: T_VARIABLE}}
configs:
  inline: {{content: "password = cN-4711-inline"}}
"""
TESTS = """
import pytest

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
    *("config show", "doctor", "page --output -", "export ctrf", "export docs", "export metrics"),
    *("export summary", "export badge", "export badge --svg", "notify", "up broken", "down"),
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
    (tmp_path / "stacktest.toml").write_text("[stack]\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = suites\n")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites/test_all.py").write_text(TESTS)
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


def test_no_canary_anywhere(project: Path) -> None:
    found: dict[str, list[str]] = {}
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
    holding = {name for name, text in files.items() if CANARY in text}
    assert holding <= {".stacktest/texts.json"}
    said = json.loads(files[".stacktest/texts.json"])
    assert {word.split(CANARY)[1][:10] for word in json.dumps(said).split() if CANARY in word} <= {
        "-assertion", "-parameter",
    }  # fmt: skip
