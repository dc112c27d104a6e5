"""Home Assistant works when its owner can sign in through the front door, and strangers cannot.

Behind a proxy that it does not trust, every request is answered with 400.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, kept_secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("homeassistant")

IDENTITY = Identity(
    host="home.stack.local", path="/manifest.json", marker='"name":"Home Assistant"'
)
CLIENT = "https://home.stack.local/"


@pytest.fixture
def password(stack: RunningStack) -> str:
    return kept_secret(stack, "HOMEASSISTANT_PASSWORD")


@pytest.fixture
def home(api: Api, password: str) -> Iterator[httpx.Client]:
    """A client signed in as the owner; its token is taken back at the end."""
    client = api("homeassistant")
    answer = do_sign_in(client, "admin", password)
    assert answer["type"] == "create_entry", answer
    asked = {"client_id": CLIENT, "grant_type": "authorization_code", "code": answer["result"]}
    token = client.post("/auth/token", data=asked)
    assert token.status_code == 200, token.text
    client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    yield client
    client.post("/auth/revoke", data={"token": token.json()["refresh_token"]})


@pytest.fixture
def state(home: Any, request: Any, run_id: Any) -> Iterator[Any]:
    """The address of a state of this test, removed at the end."""
    path = f"/api/states/sensor.{own_name(request, run_id)}"
    yield path
    home.delete(path)
    assert home.get(path).status_code == 404, "left behind"


def do_sign_in(client: httpx.Client, user: str, password: str) -> dict[str, Any]:
    asked = {
        "client_id": CLIENT,
        "handler": ["homeassistant", None],
        "redirect_uri": f"{CLIENT}?auth_callback=1",
    }
    flow = client.post("/auth/login_flow", json=asked)
    assert flow.status_code == 200, flow.text
    answer = {"client_id": CLIENT, "username": user, "password": password}
    result: dict[str, Any] = client.post(
        f"/auth/login_flow/{flow.json()['flow_id']}", json=answer
    ).json()
    return result


def test_the_front_door_leads_to_home_assistant(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_a_stranger_is_refused(api: Api) -> None:
    refused = api("homeassistant").get("/api/")
    assert refused.status_code == 401
    assert refused.text == "401: Unauthorized"


def test_it_was_set_up(api: Api) -> None:
    said = api("homeassistant").get("/auth/providers")
    assert said.status_code == 200
    found = said.json()
    providers = found["providers"] if isinstance(found, dict) else found
    assert [provider["type"] for provider in providers] == ["homeassistant"]


def test_a_made_up_name_is_refused(api: Api) -> None:
    said = do_sign_in(api("homeassistant"), NOBODY, "not-the-password")
    assert said["type"] == "form"
    assert said["errors"] == {"base": "invalid_auth"}


def test_its_owner_is_let_in(home: Any) -> None:
    response = home.get("/api/")
    assert response.status_code == 200
    assert response.json() == {"message": "API running."}


def test_the_program_has_the_pinned_version(home: Any, stack: Any) -> None:
    verify_version(home.get("/api/config").json()["version"], stack, "homeassistant")


def test_it_is_running(home: httpx.Client) -> None:
    for attempt in within(30):
        with attempt:
            assert home.get("/api/config").json()["state"] == "RUNNING"


def test_it_knows_its_own_address(home: httpx.Client) -> None:
    assert home.get("/api/config").json()["external_url"] == "https://home.stack.local"


@pytest.mark.claim("P8.4")
def test_a_state_can_be_written_and_read(home: Any, state: Any) -> None:
    made = home.post(state, json={"state": "21.5", "attributes": {"unit": "°C"}})
    assert made.status_code == 201
    said = home.get(state).json()
    assert (said["state"], said["attributes"]) == ("21.5", {"unit": "°C"})


def test_a_state_that_was_removed_is_gone(home: Any, state: Any) -> None:
    assert home.post(state, json={"state": "on"}).status_code == 201
    assert home.delete(state).status_code == 200
    assert home.get(state).status_code == 404


def test_the_page_asks_who_is_there(page: Page) -> None:
    page.goto("https://home.stack.local/")
    expect(page).to_have_title("Home Assistant")
    expect(page.locator("input[name=username]")).to_be_visible()
