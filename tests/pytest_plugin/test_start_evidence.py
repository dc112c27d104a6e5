"""What a start that failed leaves behind: its containers are gone, what they said is not."""

import os

import pytest

from stacktest.adapters.engine.client import Engine

pytestmark = pytest.mark.real_docker

COMPOSE = """
name: {project}
services:
  db:
    image: stacktest-base:bookworm
    command: [sh, -c, "echo ready to serve; exec sleep infinity"]
    stop_grace_period: 0s
  app:
    image: stacktest-base:bookworm
    depends_on: [db]
    environment: {{APP_PASSWORD: hunter2-and-more}}
    command: [sh, -c, "for n in $$(seq 1 40); do echo line $$n; done; echo no login with $$APP_PASSWORD; exit 3"]
"""
TEST = """
import pytest

@pytest.mark.service("app")
def test_it(stack):
    assert stack.model.services
"""


def test_a_failed_start_keeps_its_logs(pytester: pytest.Pytester) -> None:
    project = f"t-boot-evidence-{os.getpid()}"
    (pytester.path / "compose.yaml").write_text(COMPOSE.format(project=project))
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(test_app=TEST)
    done = pytester.runpytest_subprocess("--stack=.", timeout=120)
    assert done.ret == 10
    (folder,) = (pytester.path / "reports/evidence").glob("*/boot")
    assert f"  evidence: {folder.relative_to(pytester.path)}" in done.outlines
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(found) == {"message.txt", "app.log", "db.log"}
    assert (folder.parent / ".gitignore").read_text() == "*\n"
    assert found["message.txt"].startswith("error: app exited 3: no login with ${APP_PASSWORD}\n")
    assert "line 1\n" in found["app.log"], "more than the terminal shows"
    assert "line 1\n" not in done.stdout.str()
    assert found["db.log"].endswith("ready to serve\n")
    assert "hunter2" not in "".join(found.values())
    assert Engine().containers(project) == ()
