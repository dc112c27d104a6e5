"""What is deployed on a swarm, and what is refused before anything is."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters import process
from stacktest.adapters.engine import labels
from stacktest.adapters.startup.swarm_deployment import SwarmDeployment
from stacktest.core.model import FileRef, Service, Stack
from stacktest.core.unknown import Unknown


class Swarm:
    """A swarm that has images and perhaps services of somebody else."""

    def __init__(self, images: dict[str, str], foreign: tuple[str, ...] = ()) -> None:
        self._images, self._foreign = images, foreign

    def image(self, ref: str) -> Any:
        id_ = self._images.get(ref)
        return {"Id": id_} if id_ else Unknown(f"image {ref}: absent")

    def foreign_services(self, project: str, label: tuple[str, str]) -> tuple[str, ...]:
        assert (project, label[0]) == ("shop", labels.STACK)
        return self._foreign


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The documents that `docker stack deploy` was given."""
    documents: list[dict[str, Any]] = []

    def run(argv: Any, **options: Any) -> process.Completed:
        assert argv[:3] == ["docker", "stack", "deploy"]
        document = json.loads(options["input"])
        for section in ("configs", "secrets"):
            for row in document.get(section, {}).values():
                row["text"] = Path(row["file"]).read_text()
        documents.append(document)
        return process.Completed(argv=tuple(argv), code=0, out="", err="")

    monkeypatch.setattr(process, "run", run)
    return documents


def create(root: Path, swarm: Swarm, service: Service, **sections: Any) -> process.Completed:
    fetched: list[str] = []

    def fetch(services: list[str], *, build: bool) -> process.Completed:
        fetched.append(f"{'build' if build else 'pull'} {services}")
        return process.Completed(argv=("docker",), code=18, out="", err="no registry")

    stack = Stack(name="shop", root=root, services={"app": service}, definitions=sections)
    deployment = SwarmDeployment(stack, SimpleNamespace(fetch=fetch), swarm)  # type: ignore[arg-type]
    marks = {labels.RUN: "r1", labels.STACK: "s", labels.STANZA: "d"}
    return deployment.create(["app"], {"services": {"app": {"labels": marks}}})


def test_a_service_is_deployed(tmp_path: Path, ran: list[dict[str, Any]]) -> None:
    service = Service(name="app", image="app:1", definition={})
    assert create(tmp_path, Swarm({"app:1": "sha256:1"}), service).code == 0
    assert ran[0]["services"]["app"]["image"] == "sha256:1"


def test_a_service_of_somebody_else_is_not_touched(
    tmp_path: Path, ran: list[dict[str, Any]]
) -> None:
    service = Service(name="app", image="app:1", definition={})
    completed = create(tmp_path, Swarm({"app:1": "sha256:1"}, ("app",)), service)
    assert (completed.code, ran) == (1, [])
    assert completed.err.startswith("app Error: the swarm has a service of this name")


def test_what_a_swarm_cannot_do_is_refused(tmp_path: Path, ran: list[dict[str, Any]]) -> None:
    service = Service(name="app", image="app:1", definition={"privileged": True})
    completed = create(tmp_path, Swarm({"app:1": "sha256:1"}), service)
    assert (completed.code, ran) == (1, [])
    assert "services.app.privileged cannot be had on a swarm" in completed.err


def test_an_image_that_cannot_be_fetched_deploys_nothing(
    tmp_path: Path, ran: list[dict[str, Any]]
) -> None:
    service = Service(name="app", image="app:1", definition={})
    completed = create(tmp_path, Swarm({}), service)
    assert (completed.code, completed.err, ran) == (18, "no registry", [])


def test_files_and_inline_content_go_along(tmp_path: Path, ran: list[dict[str, Any]]) -> None:
    (tmp_path / "secret").write_text("hush")
    service = Service(
        name="app",
        image="app:1",
        files=(
            FileRef(name="inline", path="", secret=False),
            FileRef(name="key", path=str(tmp_path / "secret"), secret=True),
        ),
        definition={"configs": [{"source": "inline"}], "secrets": [{"source": "key"}]},
    )
    sections = {"configs": {"inline": {"content": "colour: green"}}}
    assert create(tmp_path, Swarm({"app:1": "sha256:1"}), service, **sections).code == 0
    (config,), (secret,) = ran[0]["configs"].values(), ran[0]["secrets"].values()
    assert (config["text"], secret["text"]) == ("colour: green", "hush")
    assert config["labels"] == {labels.RUN: "r1", labels.STACK: "s"}
    assert not Path(config["file"]).exists()
