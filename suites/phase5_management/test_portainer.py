"""Portainer works when its administrator can sign in and sees the containers of this very stack.

Without an administrator it locks itself after five minutes, and its page looks the same.
"""

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, kept_secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("portainer")

IDENTITY = Identity(host="portainer.stack.local", path="/api/system/status", marker='"InstanceID":')


@pytest.fixture
def password(stack: RunningStack) -> str:
    return kept_secret(stack, "PORTAINER_ADMIN_PASSWORD")


@pytest.fixture
def portainer(api: Api, password: str) -> httpx.Client:
    """A client signed in as the administrator."""
    client = api("portainer")
    answer = client.post("/api/auth", json={"Username": "admin", "Password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['jwt']}"
    return client


@pytest.fixture
def engine(portainer: httpx.Client) -> str:
    """The path of the one environment: this engine."""
    (environment,) = portainer.get("/api/endpoints").json()
    return f"/api/endpoints/{environment['Id']}/docker"


def test_the_front_door_leads_to_portainer(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    said = api("portainer").get("/api/system/status").json()["Version"]
    verify_version(said, stack, "portainer")


def test_an_administrator_exists(api: Api) -> None:
    assert api("portainer").get("/api/users/admin/check").status_code == 204


def test_a_second_administrator_cannot_be_made(api: Api) -> None:
    # Without a first one the request below would make one, and nobody would know its password.
    assert api("portainer").get("/api/users/admin/check").status_code == 204
    asked = {"Username": NOBODY, "Password": "a-long-enough-password"}
    assert api("portainer").post("/api/users/admin/init", json=asked).status_code == 409


def test_a_made_up_name_is_refused(api: Api) -> None:
    asked = {"Username": NOBODY, "Password": "not-the-password"}
    refused = api("portainer").post("/api/auth", json=asked)
    assert refused.status_code == 422
    assert refused.json()["message"] == "Invalid credentials"


def test_who_is_not_signed_in_sees_nothing(api: Api) -> None:
    assert api("portainer").get("/api/endpoints").status_code == 401


def test_it_sees_this_engine(portainer: httpx.Client, engine: str, stack: RunningStack) -> None:
    said = portainer.get(f"{engine}/version").json()["Version"]
    assert said == stack.engine.version()


@pytest.mark.claim("P5.7")
def test_it_sees_the_containers_of_this_stack(
    portainer: httpx.Client, engine: str, stack: RunningStack
) -> None:
    listed = portainer.get(f"{engine}/containers/json").json()
    seen = {name for each in listed for name in each["Names"]}
    running = {c.name for c in stack.engine.containers(stack.model.name) if c.state == "running"}
    assert {name for name in running if f"/{name}" not in seen} == set()


def test_a_tag_can_be_made_and_removed(
    portainer: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> None:
    name = own_name(request, run_id)
    made = portainer.post("/api/tags", json={"Name": name})
    assert made.status_code == 200
    assert made.json()["Name"] == name
    assert portainer.delete(f"/api/tags/{made.json()['ID']}").status_code == 204
    assert name not in [tag["Name"] for tag in portainer.get("/api/tags").json()]


def test_the_administrator_signs_in_on_the_page(page: Page, password: str) -> None:
    page.goto("https://portainer.stack.local/")
    page.locator('[data-cy="auth-usernameInput"]').fill("admin")
    page.locator('[data-cy="auth-passwordInput"]').fill(password)
    page.locator('[data-cy="auth-loginButton"]').click()
    expect(page.get_by_text("local", exact=True)).to_be_visible()


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    page.goto("https://portainer.stack.local/")
    page.locator('[data-cy="auth-usernameInput"]').fill(NOBODY)
    page.locator('[data-cy="auth-passwordInput"]').fill("not-the-password")
    page.locator('[data-cy="auth-loginButton"]').click()
    expect(page.locator(".text-danger")).to_contain_text("Unable to login")
