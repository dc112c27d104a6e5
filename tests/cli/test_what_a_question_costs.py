"""What the questions of every day import and start: the costs that no clock of a busy machine shows."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from stacktest.cli import VERBS
from stacktest.errors import EvidenceError

pytestmark = pytest.mark.processes

FILES = {
    "compose.yaml": "services: {app: {image: app:1}, db: {image: db:1}}\n",
    "docs/spokes/app.md": "# The app\n",
    "docs/spokes/db.md": "# The database\n",
    "configs/app/a.conf": "a\n",
    "configs/db/b.conf": "b\n",
    "stacktest.toml": '[stack]\nroutes = ["none"]\n',
    "pytest.ini": "[pytest]\ntestpaths = suites\n",
    "suites/test_app.py": "import pytest\n\n\n@pytest.mark.service('app')\ndef test_it(stack): assert stack\n",
}
DOCKER = """\
#!/bin/sh
case "$*" in
  *version*) echo 2.26.1 ;;
  *) echo '{"name": "shop", "services": {"app": {"image": "app:1"}, "db": {"image": "db:1"}}}' ;;
esac
"""
WATCHED = """\
import json, sys
programs = []
sys.addaudithook(lambda event, words: programs.append(words[1]) if event == "subprocess.Popen" else None)
from stacktest.cli import main
try:
    main()
finally:
    with open("../watched.json", "w") as file:
        json.dump([sorted(sys.modules), programs], file)
"""
NEEDLESS = {
    "allure", "cryptography", "docker", "httpx", "idna", "importlib.metadata", "jinja2", "jsonschema",
    "pathspec", "playwright", "prometheus_client", "pytest", "requests", "rich", "statistics", "websockets",
    "stacktest.adapters.names", "stacktest.adapters.network", "stacktest.adapters.routes.caddy",
    "stacktest.adapters.routes.nginx", "stacktest.adapters.routes.traefik", "stacktest.application.notify",
    "stacktest.core.rehearsal.copy_document", "stacktest.core.update.drift", "stacktest.core.update.journal",
    "stacktest.init", "stacktest.reports.page", "stacktest.reports.report_data",
}  # fmt: skip


class Question(NamedTuple):
    """What one command imported, and the programs that it started."""

    modules: set[str]
    programs: list[Sequence[str]]


class Shop:
    """A stack of two services in a repository of git, judged once; no engine answers."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for words in ("init -q", "add -A", "-c user.name=t -c user.email=t@t commit -qm all"):
            subprocess.run(["git", *words.split()], cwd=root, check=True)
        docker = root.parent / "bin/docker"
        docker.parent.mkdir()
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", str(docker.parent), prepend=":")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{root}/nobody.sock")

    def ask(self, *words: str) -> Question:
        done = subprocess.run(
            [sys.executable, "-P", "-c", WATCHED, *words],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, EvidenceError.exit_code), done.stderr
        modules, programs = json.loads((self.root.parent / "watched.json").read_text())
        return Question(set(modules), programs)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        shop = Shop(tmp_path_factory.mktemp("costs") / "shop", monkeypatch)
        shop.ask("status")
        yield shop


@pytest.mark.parametrize("words", ["why app", "gate", "status"])
def test_a_question_imports_what_it_needs(shop: Shop, words: str) -> None:
    asked = shop.ask(*words.split())
    allowed = {"status": {"importlib.metadata", "rich"}}.get(words, set())
    assert asked.modules & (NEEDLESS - allowed) == set()
    imported = {verb for verb in VERBS if f"stacktest.cli.{verb}" in asked.modules}
    assert imported <= {words.partition(" ")[0], "completion"}
    assert [program[:2] for program in asked.programs if program[0] == "docker"] == [
        ["docker", "compose"]
    ] * 2


def test_git_compares_the_files_of_all_services_at_once(shop: Shop) -> None:
    assert sum("diff-tree" in program for program in shop.ask("status").programs) == 1


def test_the_history_is_read_from_records_alone(shop: Shop) -> None:
    asked = shop.ask("history")
    assert not asked.programs
    parts = ("adapters.compose.client", "adapters.engine", "adapters.git", "bootstrap.context")
    assert not asked.modules & (
        NEEDLESS | {"ruamel.yaml", *(f"stacktest.{part}" for part in parts)}
    )
