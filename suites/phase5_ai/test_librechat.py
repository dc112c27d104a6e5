"""LibreChat works when a person can sign in: for that it has to ask MongoDB.

Its pages and its configuration are the same with and without a database.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pymongo
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.typed import Api, Inside
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("librechat")

IDENTITY = Identity(
    host="librechat.stack.local", path="/api/config", marker='"appTitle":"LibreChat"'
)
MAIL = "user@stack.local"


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "librechat", "LIBRECHAT_USER_PASSWORD")


@pytest.fixture
def librechat(api: Api, password: str) -> httpx.Client:
    """A client signed in as the provisioned person."""
    client = api("librechat")
    answer = client.post("/api/auth/login", json={"email": MAIL, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client


@pytest.fixture
def preset(
    librechat: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[Any, ...]]:
    """A preset of this test, deleted at the end."""
    title = own_name(request, run_id)
    made = librechat.post("/api/presets", json={"title": title, "endpoint": "openAI"})
    assert made.status_code == 200
    asked = {"presetId": made.json()["presetId"]}
    yield title, asked
    librechat.post("/api/presets/delete", json=asked)
    assert title not in [each["title"] for each in librechat.get("/api/presets").json()]


def do_sign_in(page: Page, mail: str, password: str) -> None:
    page.goto("https://librechat.stack.local/login")
    page.locator("#email").fill(mail)
    page.locator("#password").fill(password)
    page.get_by_test_id("login-button").click()


@pytest.mark.claim("P5.4")
def test_the_front_door_leads_to_librechat(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_is_healthy(api: Api) -> None:
    # Anybody could say OK: it must be LibreChat that does.
    assert api("librechat").get("/api/config").json()["appTitle"] == "LibreChat"
    response = api("librechat").get("/health")
    assert response.status_code == 200
    assert response.text == "OK"


def test_it_knows_its_own_address(api: Api) -> None:
    said = api("librechat").get("/api/config").json()
    assert said["serverDomain"] == "https://librechat.stack.local"


def test_nobody_may_register(api: Api) -> None:
    said = api("librechat").get("/api/config").json()
    assert (said["emailLoginEnabled"], said["registrationEnabled"]) == (True, False)


def test_a_made_up_address_is_looked_up_and_refused(api: Api) -> None:
    asked = {"email": f"{NOBODY}@stack.local", "password": "not-the-password"}
    refused = api("librechat").post("/api/auth/login", json=asked)
    assert refused.status_code == 404
    assert refused.json() == {"message": "Email does not exist."}


def test_who_is_not_signed_in_sees_nothing(api: Api) -> None:
    assert api("librechat").get("/api/user").status_code == 401


@pytest.mark.claim("P5.5")
def test_the_person_is_known_by_their_address(librechat: httpx.Client) -> None:
    response = librechat.get("/api/user")
    assert response.status_code == 200
    assert response.json()["email"] == MAIL


def test_a_preset_can_be_kept(librechat: httpx.Client, preset: tuple[Any, ...]) -> None:
    title, _ = preset
    assert title in [each["title"] for each in librechat.get("/api/presets").json()]


def test_a_preset_can_be_removed(librechat: httpx.Client, preset: tuple[Any, ...]) -> None:
    title, asked = preset
    assert librechat.post("/api/presets/delete", json=asked).status_code == 200
    assert title not in [each["title"] for each in librechat.get("/api/presets").json()]


@pytest.mark.claim("P4.3")
@pytest.mark.service("mongodb")
def test_a_preset_is_kept_in_mongodb(
    librechat: httpx.Client, inside: Inside, preset: tuple[Any, ...]
) -> None:
    title, _ = preset
    assert title in [each["title"] for each in librechat.get("/api/presets").json()]
    host, port = inside("mongodb").address(27017)
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        host, port, directConnection=True
    )
    with client:
        assert client["LibreChat"]["presets"].count_documents({"title": title}) == 1


def test_a_person_signs_in_on_the_page(page: Page, password: str) -> None:
    do_sign_in(page, MAIL, password)
    expect(page).to_have_url("https://librechat.stack.local/c/new")
    expect(page.get_by_test_id("nav-user")).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in(page, f"{NOBODY}@stack.local", "not-the-password")
    expect(page.get_by_role("alert")).to_contain_text("Unable to login with the information")
    expect(page).to_have_url("https://librechat.stack.local/login")
