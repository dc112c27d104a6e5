"""Vaultwarden works when an account can be made, used and removed, and its database is behind it.

The server does not check how a master password was derived, so any words will do for one.
"""

import socket
import uuid
from collections.abc import Iterator
from ssl import SSLContext

import httpx
import pytest
import websockets.sync.client
from playwright.sync_api import Page, expect
from websockets.sync.client import ClientConnection

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("vaultwarden")

IDENTITY = Identity(host="vault.stack.local", path="/api/config", marker='"name":"Vaultwarden"')
WRONG = "Username or password is incorrect. Try again"


@pytest.fixture
def account(api: Api, request: pytest.FixtureRequest, run_id: str) -> Iterator[tuple[str, str]]:
    """Mail and password of an account of this test, removed at the end."""
    client = api("vaultwarden")
    mail, password = f"{own_name(request, run_id)}@stack.local", uuid.uuid4().hex
    asked = {"email": mail, "name": "New Comer", "masterPasswordHash": password, "key": "2.k"}
    made = client.post(
        "/identity/accounts/register", json=asked | {"kdf": 0, "kdfIterations": 600000}
    )
    assert made.status_code == 200, made.text
    yield mail, password
    token = do_sign_in(client, mail, password).json()["access_token"]
    asked = {"masterPasswordHash": password}
    headers = {"Authorization": f"Bearer {token}"}
    gone = client.request("DELETE", "/api/accounts", json=asked, headers=headers)
    assert gone.status_code == 200, "left behind"


@pytest.fixture
def vault(api: Api, account: tuple[str, str]) -> httpx.Client:
    """A client signed in to the account of this test."""
    client = api("vaultwarden")
    answer = do_sign_in(client, *account)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


def do_sign_in(client: httpx.Client, mail: str, password: str) -> httpx.Response:
    return client.post(
        "/identity/connect/token",
        data={
            "grant_type": "password",
            "username": mail,
            "password": password,
            "scope": "api offline_access",
            "client_id": "web",
            "device_identifier": str(uuid.uuid4()),
            "device_name": "stacktest",
            "device_type": "9",
        },
    )


def test_the_front_door_leads_to_the_vault(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_its_database_answers(api: Api) -> None:
    response = api("vaultwarden").get("/alive")
    assert response.status_code == 200
    assert response.json().endswith("Z")


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    verify_version(api("vaultwarden").get("/api/version").json(), stack, "vaultwarden")


def test_it_knows_its_own_address(api: Api) -> None:
    said = api("vaultwarden").get("/api/config").json()["environment"]
    assert said["vault"] == "https://vault.stack.local"


def test_an_account_can_be_used(vault: httpx.Client, account: tuple[str, str]) -> None:
    response = vault.get("/api/accounts/profile")
    assert response.status_code == 200
    assert response.json()["email"] == account[0]


def test_a_second_account_with_the_same_address_is_refused(
    api: Api, account: tuple[str, str]
) -> None:
    asked = {"email": account[0], "name": "x", "masterPasswordHash": "y", "key": "2.k"}
    assert api("vaultwarden").post("/identity/accounts/register", json=asked).status_code == 400


def test_a_made_up_name_is_refused(api: Api) -> None:
    refused = do_sign_in(api("vaultwarden"), f"{NOBODY}@stack.local", "not-the-password")
    assert refused.status_code == 400
    assert refused.json()["errorModel"]["message"] == WRONG


def test_who_is_not_signed_in_sees_nothing(api: Api) -> None:
    assert api("vaultwarden").get("/api/accounts/profile").status_code == 401


@pytest.mark.claim("P7.2")
def test_an_entry_can_be_kept_and_removed(vault: httpx.Client) -> None:
    made = vault.post(
        "/api/ciphers", json={"type": 2, "name": "2.secret", "secureNote": {"type": 0}}
    )
    assert made.status_code == 200, made.text
    path = f"/api/ciphers/{made.json()['id']}"
    assert vault.get(path).json()["name"] == "2.secret"
    assert vault.delete(path).status_code == 200
    assert vault.get(path).status_code == 404


def test_a_new_vault_is_empty(vault: httpx.Client) -> None:
    assert vault.get("/api/ciphers").json()["data"] == []


def test_the_administration_wants_its_token(api: Api) -> None:
    assert api("vaultwarden").get("/admin/users").status_code == 401


def test_the_administrator_sees_the_account(
    api: Api, stack: RunningStack, account: tuple[str, str]
) -> None:
    client = api("vaultwarden")
    answer = client.post("/admin", data={"token": secret(stack, "vaultwarden", "ADMIN_TOKEN")})
    assert answer.status_code == 303
    listed = client.get("/admin/users").json()
    assert account[0] in [user["email"] for user in listed]


def test_notifications_come_by_websocket(
    api: Api, account: tuple[str, str], stack: RunningStack, tls_context: SSLContext
) -> None:
    token = do_sign_in(api("vaultwarden"), *account).json()["access_token"]
    with do_listen(stack, tls_context, token) as hub:
        assert hub.response is not None
        assert hub.response.status_code == 101


def test_notifications_are_not_for_strangers(
    api: Api, stack: RunningStack, tls_context: SSLContext
) -> None:
    assert api("vaultwarden").get("/alive").status_code == 200
    with (
        pytest.raises(websockets.exceptions.InvalidStatus) as refused,
        do_listen(stack, tls_context, "not-a-token"),
    ):
        pass
    assert refused.value.response.status_code == 401


def test_a_person_signs_in_on_the_page(page: Page, account: tuple[str, str]) -> None:
    mail, password = account
    do_sign_in_on_the_page(page, mail, password)
    expect(page).to_have_title("Vaults | Vaultwarden Web")


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in_on_the_page(page, f"{NOBODY}@stack.local", "not-the-password")
    expect(page.get_by_text(WRONG)).to_be_visible()


def do_sign_in_on_the_page(page: Page, mail: str, password: str) -> None:
    page.goto("https://vault.stack.local/")
    expect(page).to_have_title("Vaultwarden Web")
    page.locator("#login_input_email").fill(mail)
    page.get_by_role("button", name="Continue").click()
    page.locator("#login_input_master-password").fill(password)
    page.get_by_role("button", name="Log in with master password").click()


def do_listen(stack: RunningStack, context: SSLContext, token: str) -> ClientConnection:
    address = stack.names.resolve("vault.stack.local", 443)
    assert isinstance(address, tuple)
    return websockets.sync.client.connect(
        f"wss://vault.stack.local/notifications/hub?access_token={token}",
        sock=socket.create_connection(address, timeout=5),
        ssl=context,
        proxy=None,
    )
