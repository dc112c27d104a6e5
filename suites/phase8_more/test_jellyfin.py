"""Jellyfin works when it was set up, its administrator can sign in, and a person can be added.

Before the set-up the same page is a wizard, open to whoever comes first.
"""

import pytest
from playwright.sync_api import expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, kept_secret
from fixtures.versions import verify_version

pytestmark = pytest.mark.service("jellyfin")

IDENTITY = Identity(
    host="jellyfin.stack.local",
    path="/System/Info/Public",
    marker='"ProductName":"Jellyfin Server"',
)
CLIENT = 'MediaBrowser Client="stacktest", Device="test", DeviceId="stacktest", Version="1"'


@pytest.fixture
def password(stack):
    return kept_secret(stack, "JELLYFIN_ADMIN_PASSWORD")


@pytest.fixture
def jellyfin(api, password):
    """A client signed in as the administrator."""
    client = api("jellyfin")
    answer = do_sign_in(client, "admin", password)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f'{CLIENT}, Token="{answer.json()["AccessToken"]}"'
    return client


@pytest.fixture
def newcomer(jellyfin, request, run_id):
    """Address, name and password of a person of this test, deleted at the end."""
    name = own_name(request, run_id)
    made = jellyfin.post("/Users/New", json={"Name": name, "Password": f"pw-{name}"})
    assert made.status_code == 200, made.text
    path = f"/Users/{made.json()['Id']}"
    yield path, name, f"pw-{name}"
    jellyfin.delete(path)
    assert jellyfin.get(path).status_code == 404, "left behind"


def do_sign_in(client, user, password):
    headers = {"Authorization": CLIENT}
    asked = {"Username": user, "Pw": password}
    return client.post("/Users/AuthenticateByName", json=asked, headers=headers)


def do_sign_in_on_the_page(page, user, password):
    page.goto("https://jellyfin.stack.local/web/")
    page.locator("#txtManualName").fill(user)
    page.locator("#txtManualPassword").fill(password)
    page.locator(".manualLoginForm .button-submit").click()


def test_the_front_door_leads_to_jellyfin(api):
    verify_identity(api, IDENTITY)


def test_it_is_healthy(api):
    response = api("jellyfin").get("/health")
    assert response.status_code == 200
    assert response.text == "Healthy"


def test_the_program_has_the_pinned_version(api, stack):
    said = api("jellyfin").get("/System/Info/Public").json()["Version"]
    verify_version(said, stack, "jellyfin")


def test_it_was_set_up(api):
    assert api("jellyfin").get("/System/Info/Public").json()["StartupWizardCompleted"] is True


def test_nobody_can_set_it_up_again(api):
    assert api("jellyfin").get("/Startup/Configuration").status_code == 401


def test_the_first_page_leads_to_the_application(api):
    response = api("jellyfin").get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == "web/"


def test_who_is_not_signed_in_learns_nothing(api):
    assert api("jellyfin").get("/System/Info").status_code == 401


def test_a_made_up_name_is_refused(api):
    assert do_sign_in(api("jellyfin"), NOBODY, "not-the-password").status_code == 401


def test_a_person_can_be_added_and_signs_in(jellyfin, api, newcomer):
    path, name, password = newcomer
    assert jellyfin.get(path).json()["Name"] == name
    answer = do_sign_in(api("jellyfin"), name, password)
    assert answer.status_code == 200
    assert answer.json()["User"]["Policy"]["IsAdministrator"] is False


def test_a_person_who_was_removed_is_gone(jellyfin, api, newcomer):
    path, name, password = newcomer
    assert jellyfin.delete(path).status_code == 204
    assert jellyfin.get(path).status_code == 404
    assert do_sign_in(api("jellyfin"), name, password).status_code == 401


def test_an_ordinary_person_may_not_add_others(api, newcomer):
    _, name, password = newcomer
    client = api("jellyfin")
    token = do_sign_in(client, name, password).json()["AccessToken"]
    headers = {"Authorization": f'{CLIENT}, Token="{token}"'}
    asked = {"Name": "x", "Password": "x"}
    assert client.post("/Users/New", json=asked, headers=headers).status_code == 403


def test_a_person_signs_in_on_the_page(page, password):
    do_sign_in_on_the_page(page, "admin", password)
    expect(page.locator("#indexPage")).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page):
    do_sign_in_on_the_page(page, NOBODY, "not-the-password")
    expect(page.locator(".toast")).to_contain_text("Invalid username or password.")
