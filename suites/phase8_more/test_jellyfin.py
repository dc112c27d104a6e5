"""Jellyfin works when it was set up, its administrator can sign in, and a person can be added.

Before the set-up the same page is a wizard, open to whoever comes first.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, kept_secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("jellyfin")

IDENTITY = Identity(
    host="jellyfin.stack.local",
    path="/System/Info/Public",
    marker='"ProductName":"Jellyfin Server"',
)
CLIENT = 'MediaBrowser Client="stacktest", Device="test", DeviceId="stacktest", Version="1"'


@pytest.fixture
def password(stack: RunningStack) -> str:
    return kept_secret(stack, "JELLYFIN_ADMIN_PASSWORD")


@pytest.fixture
def jellyfin(api: Api, password: str) -> httpx.Client:
    """A client signed in as the administrator."""
    client = api("jellyfin")
    answer = do_sign_in(client, "admin", password)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f'{CLIENT}, Token="{answer.json()["AccessToken"]}"'
    return client


@pytest.fixture
def newcomer(
    jellyfin: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str, str]]:
    """Address, name and password of a person of this test, deleted at the end."""
    name = own_name(request, run_id)
    made = jellyfin.post("/Users/New", json={"Name": name, "Password": f"pw-{name}"})
    assert made.status_code == 200, made.text
    path = f"/Users/{made.json()['Id']}"
    yield path, name, f"pw-{name}"
    jellyfin.delete(path)
    assert jellyfin.get(path).status_code == 404, "left behind"


def do_sign_in(client: httpx.Client, user: str, password: str) -> httpx.Response:
    headers = {"Authorization": CLIENT}
    asked = {"Username": user, "Pw": password}
    return client.post("/Users/AuthenticateByName", json=asked, headers=headers)


def do_sign_in_on_the_page(page: Page, user: str, password: str) -> None:
    page.goto("https://jellyfin.stack.local/web/")
    page.locator("#txtManualName").fill(user)
    page.locator("#txtManualPassword").fill(password)
    page.locator(".manualLoginForm .button-submit").click()


def test_the_front_door_leads_to_jellyfin(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_is_healthy(api: Api) -> None:
    response = api("jellyfin").get("/health")
    assert response.status_code == 200
    assert response.text == "Healthy"


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    said = api("jellyfin").get("/System/Info/Public").json()["Version"]
    verify_version(said, stack, "jellyfin")


def test_it_was_set_up(api: Api) -> None:
    assert api("jellyfin").get("/System/Info/Public").json()["StartupWizardCompleted"] is True


def test_nobody_can_set_it_up_again(api: Api) -> None:
    assert api("jellyfin").get("/Startup/Configuration").status_code == 401


def test_the_first_page_leads_to_the_application(api: Api) -> None:
    response = api("jellyfin").get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == "web/"


def test_who_is_not_signed_in_learns_nothing(api: Api) -> None:
    assert api("jellyfin").get("/System/Info").status_code == 401


def test_a_made_up_name_is_refused(api: Api) -> None:
    assert do_sign_in(api("jellyfin"), NOBODY, "not-the-password").status_code == 401


@pytest.mark.claim("P8.3")
def test_a_person_can_be_added_and_signs_in(
    jellyfin: httpx.Client, api: Api, newcomer: tuple[str, str, str]
) -> None:
    path, name, password = newcomer
    assert jellyfin.get(path).json()["Name"] == name
    answer = do_sign_in(api("jellyfin"), name, password)
    assert answer.status_code == 200
    assert answer.json()["User"]["Policy"]["IsAdministrator"] is False


def test_a_person_who_was_removed_is_gone(
    jellyfin: httpx.Client, api: Api, newcomer: tuple[str, str, str]
) -> None:
    path, name, password = newcomer
    assert jellyfin.delete(path).status_code == 204
    assert jellyfin.get(path).status_code == 404
    assert do_sign_in(api("jellyfin"), name, password).status_code == 401


def test_an_ordinary_person_may_not_add_others(api: Api, newcomer: tuple[str, str, str]) -> None:
    _, name, password = newcomer
    client = api("jellyfin")
    token = do_sign_in(client, name, password).json()["AccessToken"]
    headers = {"Authorization": f'{CLIENT}, Token="{token}"'}
    asked = {"Name": "x", "Password": "x"}
    assert client.post("/Users/New", json=asked, headers=headers).status_code == 403


def test_a_person_signs_in_on_the_page(page: Page, password: str) -> None:
    do_sign_in_on_the_page(page, "admin", password)
    expect(page.locator("#indexPage")).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in_on_the_page(page, NOBODY, "not-the-password")
    expect(page.locator(".toast")).to_contain_text("Invalid username or password.")
