"""Nextcloud works when it is installed, its administrator can sign in, and a file survives a trip.

What it says of itself comes from its configuration; only people and files come from the database.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.sql import mariadb, rows
from fixtures.typed import Api, Inside
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("nextcloud")

IDENTITY = Identity(
    host="nextcloud.stack.local", path="/status.php", marker='"productname":"Nextcloud"'
)


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "nextcloud", "NEXTCLOUD_ADMIN_PASSWORD")


@pytest.fixture
def nextcloud(api: Api, password: str) -> httpx.Client:
    """A client signed in as the administrator."""
    headers = {"OCS-APIRequest": "true"}
    return api("nextcloud", auth=("admin", password), headers=headers, params={"format": "json"})


@pytest.fixture
def file(nextcloud: httpx.Client, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """The address of a file of this test, deleted at the end."""
    path = f"/remote.php/dav/files/admin/{own_name(request, run_id)}.txt"
    yield path
    nextcloud.delete(path)
    assert nextcloud.get(path).status_code == 404, "left behind"


def do_sign_in(page: Page, user: str, password: str) -> None:
    page.goto("https://nextcloud.stack.local/login")
    page.locator("#user").fill(user)
    page.locator("#password").fill(password)
    page.locator("[data-login-form-submit]").click()


def test_the_front_door_leads_to_nextcloud(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_is_installed_and_needs_nothing(api: Api) -> None:
    said = api("nextcloud").get("/status.php").json()
    state = {key: said[key] for key in ("installed", "maintenance", "needsDbUpgrade")}
    assert state == {"installed": True, "maintenance": False, "needsDbUpgrade": False}


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    verify_version(api("nextcloud").get("/status.php").json()["versionstring"], stack, "nextcloud")


def test_it_answers_to_no_other_name(inside: Inside) -> None:
    with inside("nextcloud").http(80) as client:
        assert client.get("/status.php").status_code == 400


def test_a_stranger_is_sent_to_the_sign_in(api: Api) -> None:
    response = api("nextcloud").get("/")
    assert response.status_code == 302
    assert response.headers["Location"].endswith("/login")


def test_the_administrator_is_known_by_name(nextcloud: httpx.Client) -> None:
    response = nextcloud.get("/ocs/v2.php/cloud/user")
    assert response.status_code == 200
    said = response.json()["ocs"]
    assert (said["meta"]["statuscode"], said["data"]["id"]) == (200, "admin")


def test_a_made_up_name_is_refused(api: Api) -> None:
    client = api("nextcloud", auth=(NOBODY, "not-the-password"), headers={"OCS-APIRequest": "true"})
    refused = client.get("/ocs/v2.php/cloud/user", params={"format": "json"})
    assert refused.status_code == 401
    assert refused.json()["ocs"]["meta"]["statuscode"] == 997


@pytest.mark.claim("P4.1")
def test_it_lives_in_mariadb(nextcloud: httpx.Client) -> None:
    said = nextcloud.get("/ocs/v2.php/apps/serverinfo/api/v1/info").json()["ocs"]["data"]
    assert said["server"]["database"]["type"] == "mysql"
    assert "MariaDB" in said["server"]["database"]["version"]


@pytest.mark.claim("P7.1")
def test_a_file_comes_back_as_it_was(nextcloud: httpx.Client, file: str) -> None:
    content = "zwei · два\n".encode()
    assert nextcloud.put(file, content=content).status_code == 201
    response = nextcloud.get(file)
    assert response.status_code == 200
    assert response.content == content


def test_a_file_can_be_replaced(nextcloud: httpx.Client, file: str) -> None:
    assert nextcloud.put(file, content=b"old").status_code == 201
    assert nextcloud.put(file, content=b"new").status_code == 204
    assert nextcloud.get(file).content == b"new"


def test_a_file_that_was_deleted_is_gone(nextcloud: httpx.Client, file: str) -> None:
    assert nextcloud.put(file, content=b"x").status_code == 201
    assert nextcloud.delete(file).status_code == 204
    assert nextcloud.get(file).status_code == 404


def test_a_stranger_cannot_read_a_file(nextcloud: httpx.Client, api: Api, file: str) -> None:
    assert nextcloud.put(file, content=b"mine").status_code == 201
    assert api("nextcloud").get(file).status_code == 401


@pytest.mark.service("mariadb")
def test_a_file_is_recorded_in_its_database(
    nextcloud: httpx.Client, inside: Inside, stack: RunningStack, file: str
) -> None:
    assert nextcloud.put(file, content=b"x").status_code == 201
    login = secret(stack, "nextcloud", "MYSQL_PASSWORD")
    with mariadb(inside("mariadb"), "nextcloud", login, "nextcloud") as cursor:
        name = f"%{file.rpartition('/')[2]}"
        assert rows(cursor, "SELECT count(*) FROM oc_filecache WHERE path LIKE %s", name) == [(1,)]


def test_a_person_signs_in_on_the_page(page: Page, password: str) -> None:
    do_sign_in(page, "admin", password)
    expect(page).to_have_url("https://nextcloud.stack.local/index.php/apps/files/")
    expect(page.locator("#user-menu")).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in(page, NOBODY, "not-the-password")
    expect(page.get_by_text("Wrong login or password.")).to_be_visible()
