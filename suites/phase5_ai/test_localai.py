"""LocalAI works when it is ready, says which models it has, and keeps a file until it is removed.

The stack ships no model, so an answer from one is out of reach: asking for it must say so.
"""

from collections.abc import Iterator

import httpx
import pytest

from fixtures.own import own_name
from fixtures.typed import Inside, ReachFrom
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("localai")

PORT = 8080


@pytest.fixture
def localai(inside: Inside) -> Iterator[httpx.Client]:
    with inside("localai").http(PORT) as client:
        yield client


@pytest.fixture
def upload(
    localai: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str, bytes]]:
    """A file of this test, deleted at the end."""
    name, content = own_name(request, run_id), b'{"text": "hello"}\n'
    made = localai.post(
        "/v1/files", files={"file": (name, content)}, data={"purpose": "assistants"}
    )
    assert made.status_code == 200, made.text
    path = f"/v1/files/{made.json()['id']}"
    yield path, name, content
    localai.delete(path)
    assert name not in [file["filename"] for file in localai.get("/v1/files").json()["data"]]


@pytest.mark.claim("P5.2")
def test_it_is_ready(localai: httpx.Client) -> None:
    response = localai.get("/readyz")
    assert response.status_code == 200
    assert response.text == "OK"


def test_the_program_has_the_pinned_version(localai: httpx.Client, stack: RunningStack) -> None:
    verify_version(localai.get("/version").json()["version"], stack, "localai")


def test_it_lists_its_models(localai: httpx.Client) -> None:
    response = localai.get("/v1/models")
    assert response.status_code == 200
    assert response.json() == {"object": "list", "data": []}


def test_a_file_can_be_read_back(localai: httpx.Client, upload: tuple[str, str, bytes]) -> None:
    path, name, content = upload
    about = localai.get(path).json()
    assert (about["filename"], about["bytes"]) == (name, len(content))
    assert localai.get(f"{path}/content").content == content


def test_a_file_that_was_deleted_is_gone(
    localai: httpx.Client, upload: tuple[str, str, bytes]
) -> None:
    path, _, _ = upload
    assert localai.delete(path).status_code == 200
    assert localai.get(path).status_code == 404


def test_the_same_name_twice_is_refused(
    localai: httpx.Client, upload: tuple[str, str, bytes]
) -> None:
    _, name, content = upload
    refused = localai.post(
        "/v1/files", files={"file": (name, content)}, data={"purpose": "assistants"}
    )
    assert refused.status_code == 400


def test_a_model_that_is_not_there_is_named(localai: httpx.Client) -> None:
    asked = {"model": "no-such-model", "messages": [{"role": "user", "content": "hello"}]}
    refused = localai.post("/v1/chat/completions", json=asked)
    assert refused.status_code == 404
    assert "no-such-model" in refused.json()["error"]["message"]


def test_an_unknown_path_is_not_found(localai: httpx.Client) -> None:
    response = localai.get("/no-such-path")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == 404


@pytest.mark.claim("P5.1")
def test_only_the_backend_has_a_way_to_it(reach_from: ReachFrom) -> None:
    assert reach_from("backend", "localai", PORT) == "open"
    assert reach_from("frontend", "localai", PORT) == "unresolved"
