"""The sign-in portal works when the directory's people come in by it, and nobody else does.

Its health is a constant; that the directory is asked shows only when somebody signs in.
"""

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.people import NOBODY
from fixtures.typed import Api, Inside, Person

pytestmark = pytest.mark.service("authelia")

IDENTITY = Identity(host="auth.stack.local", path="/", marker="<title>Login - Authelia</title>")
PEOPLE = ("admin", "observer", "operator", "viewer")
REFUSED = {"status": "KO", "message": "Authentication failed. Check your credentials."}


@pytest.fixture
def portal(api: Api) -> httpx.Client:
    return api("auth.stack.local")


def do_sign_in(portal: httpx.Client, user: str, password: str) -> httpx.Response:
    return portal.post("/api/firstfactor", json={"username": user, "password": password})


def do_ask_who(portal: httpx.Client) -> tuple[str, int]:
    response = portal.get("/api/state")
    assert response.status_code == 200
    data = response.json()["data"]
    return data["username"], data["authentication_level"]


def test_the_front_door_leads_to_the_portal(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_is_healthy(portal: httpx.Client) -> None:
    response = portal.get("/api/health")
    assert response.status_code == 200
    assert response.json() == {"status": "OK"}


def test_a_stranger_is_nobody(portal: httpx.Client) -> None:
    assert do_ask_who(portal) == ("", 0)


def test_a_stranger_may_not_ask_how_to_sign_in(portal: httpx.Client) -> None:
    assert portal.get("/api/configuration").status_code == 403


@pytest.mark.claim("P3.3")
@pytest.mark.parametrize("role", PEOPLE)
def test_the_person_signs_in_and_out(portal: httpx.Client, person: Person, role: str) -> None:
    who = person(role)
    answer = do_sign_in(portal, who.user, who.password)
    assert answer.status_code == 200
    assert answer.json() == {"status": "OK"}
    assert do_ask_who(portal) == (who.user, 1)
    assert portal.post("/api/logout", json={}).status_code == 200
    assert do_ask_who(portal) == ("", 0)


def test_the_session_belongs_to_the_domain_and_to_tls(portal: httpx.Client, person: Person) -> None:
    who = person("viewer")
    cookie = do_sign_in(portal, who.user, who.password).headers["Set-Cookie"].lower()
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"domain=stack.local", "secure", "httponly", "samesite=lax"} <= parts


def test_a_made_up_name_is_refused(portal: httpx.Client) -> None:
    answer = do_sign_in(portal, NOBODY, "not-the-password")
    assert answer.status_code == 401
    assert answer.json() == REFUSED
    assert do_ask_who(portal) == ("", 0)


def test_a_sign_in_without_a_password_is_refused(portal: httpx.Client) -> None:
    answer = do_sign_in(portal, NOBODY, "")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_who_comes_around_the_front_door_is_refused(inside: Inside) -> None:
    with inside("authelia").http(9091) as client:
        assert client.get("/api/state").status_code == 403


def test_a_person_signs_in_on_the_page(page: Page, person: Person) -> None:
    who = person("operator")
    page.goto("https://auth.stack.local/")
    expect(page).to_have_title("Login - Authelia")
    page.locator("#username-textfield").fill(who.user)
    page.locator("#password-textfield").fill(who.password)
    page.locator("#sign-in-button").click()
    expect(page.locator("#second-factor-stage")).to_be_visible()
    state = page.request.get("https://auth.stack.local/api/state").json()["data"]
    assert state["username"] == who.user


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    page.goto("https://auth.stack.local/")
    page.locator("#username-textfield").fill(NOBODY)
    page.locator("#password-textfield").fill("not-the-password")
    page.locator("#sign-in-button").click()
    expect(page.locator(".notification")).to_contain_text("Incorrect username or password")
    expect(page.locator("#password-textfield")).to_have_value("")
    expect(page.locator("#second-factor-stage")).to_have_count(0)
