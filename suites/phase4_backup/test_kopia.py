"""The backup works when a repository is connected and a snapshot of the configuration can be taken.

Its API wants the token of its own page besides the password, also to be read.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.people import NOBODY, secret
from fixtures.text import first_group
from fixtures.typed import Api, Inside
from fixtures.versions import pinned_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("kopia")

IDENTITY = Identity(
    host="kopia.stack.local",
    path="/",
    marker='realm="Kopia"',
    status=401,
    header="WWW-Authenticate",
)
CONFIGS = "/configs"


@pytest.fixture
def kopia(api: Api, stack: RunningStack) -> httpx.Client:
    """A client signed in by password, with the token of the page."""
    client = api("kopia", auth=("admin", secret(stack, "kopia", "KOPIA_SERVER_PASSWORD")))
    page = client.get("/")
    assert page.status_code == 200
    client.headers["X-Kopia-Csrf-Token"] = token_of(page.text)
    return client


@pytest.fixture
def snapshot(kopia: httpx.Client) -> Iterator[tuple[Any, ...]]:
    """A snapshot of the configuration, deleted at the end with everything about it."""
    asked = {"path": CONFIGS, "createSnapshot": True, "policy": {}}
    assert kopia.post("/api/v1/sources", json=asked).status_code == 200
    for attempt in within(30):
        with attempt:
            found = [s for s in kopia.get("/api/v1/sources").json()["sources"] if is_ours(s)]
            assert [source["status"] for source in found] == ["IDLE"]
            assert "lastSnapshot" in found[0]
    source = found[0]["source"]
    yield source, found[0]["lastSnapshot"]
    kopia.post("/api/v1/snapshots/delete", json={"source": source, "deleteSourceAndPolicy": True})
    assert not any(is_ours(s) for s in kopia.get("/api/v1/sources").json()["sources"]), (
        "left behind"
    )


def is_ours(source: dict[str, Any]) -> bool:
    return bool(source["source"]["path"] == CONFIGS)


def token_of(html: str) -> str:
    return first_group(r'<meta name="kopia-csrf-token" content="([^"]+)"', html)


def test_the_front_door_leads_to_kopia(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(kopia: httpx.Client, stack: RunningStack) -> None:
    title = first_group(r"<title>(.*?)</title>", kopia.get("/").text)
    assert title.startswith(f"KopiaUI v{pinned_version(stack, 'kopia')}")


@pytest.mark.claim("P4.10")
def test_a_stranger_is_refused(api: Api) -> None:
    refused = api("kopia", auth=(NOBODY, "not-the-password")).get("/")
    assert refused.status_code == 401
    assert refused.text.strip() == "Access denied."


def test_a_password_alone_does_not_open_the_api(api: Api, stack: RunningStack) -> None:
    client = api("kopia", auth=("admin", secret(stack, "kopia", "KOPIA_SERVER_PASSWORD")))
    refused = client.get("/api/v1/repo/status")
    assert refused.status_code == 401
    assert refused.text.strip() == "Invalid or missing CSRF token."


@pytest.mark.claim("P4.7")
def test_a_repository_is_connected(kopia: httpx.Client) -> None:
    said = kopia.get("/api/v1/repo/status").json()
    assert said["connected"] is True
    assert said["storage"] == "filesystem"
    assert said["encryption"] == "AES256-GCM-HMAC-SHA256"


def test_the_repository_may_be_written_to(kopia: httpx.Client) -> None:
    assert kopia.get("/api/v1/repo/status").json()["readonly"] is False


def test_a_snapshot_holds_every_file(
    kopia: httpx.Client, snapshot: tuple[Any, ...], stack: RunningStack
) -> None:
    del kopia
    _, taken = snapshot
    files = [f for f in (stack.model.root / "configs").rglob("*") if f.is_file()]
    assert taken["summary"]["files"] == len(files)
    assert taken["summary"]["size"] == sum(file.stat().st_size for file in files)
    assert taken["summary"]["errors"] == 0


def test_a_snapshot_is_listed_under_its_source(
    kopia: httpx.Client, snapshot: tuple[Any, ...]
) -> None:
    source, taken = snapshot
    listed = kopia.get("/api/v1/snapshots", params=source).json()["snapshots"]
    assert [each["id"] for each in listed] == [taken["id"]]


def test_a_folder_that_is_not_there_is_refused(kopia: httpx.Client) -> None:
    asked = {"path": "/no-such-folder", "createSnapshot": True, "policy": {}}
    refused = kopia.post("/api/v1/sources", json=asked)
    assert refused.status_code == 400
    assert refused.json()["code"] == "PATH_NOT_FOUND"


@pytest.mark.claim("P4.9")
@pytest.mark.service(no_contact="the container refuses the write, not the program")
def test_the_folder_is_mounted_for_reading_only(inside: Inside) -> None:
    said = inside("kopia").run("sh", "-c", "touch /configs/written-by-a-test")
    assert said.code != 0
    assert "Read-only file system" in said.err
