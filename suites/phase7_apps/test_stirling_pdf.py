"""Stirling PDF works when, after a sign-in, a page can be rotated, and nothing without one.

When its security module could not be loaded, the same program runs without any sign-in at all.
"""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.identity import Identity, verify_identity
from fixtures.people import made_up_name, secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("stirling-pdf")

IDENTITY = Identity(host="pdf.stack.local", path="/api/v1/info/status", marker='"status":"UP"')
OBJECTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>",
)


def one_page() -> bytes:
    """The smallest document that every reader takes: three objects and where each begins."""
    text, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(OBJECTS, start=1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    text += f"xref\n0 4\n0000000000 65535 f \n{table}trailer\n<</Root 1 0 R/Size 4>>\n"
    return f"{text}startxref\n{text.index('xref')}\n%%EOF\n".encode()


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "stirling-pdf", "SECURITY_INITIALLOGIN_PASSWORD")


@pytest.fixture
def stirling(api: Api, password: str) -> httpx.Client:
    """A client signed in as the first user."""
    client = api("stirling-pdf")
    answer = client.post("/login", data={"username": "admin", "password": password})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    return client


def do_rotate(client: httpx.Client, angle: int, content: bytes | None = None) -> httpx.Response:
    content = one_page() if content is None else content
    files = {"fileInput": ("page.pdf", content, "application/pdf")}
    return client.post("/api/v1/general/rotate-pdf", files=files, data={"angle": str(angle)})


def do_sign_in(page: Page, user: str, password: str) -> None:
    page.goto("https://pdf.stack.local/login")
    page.locator("#username").fill(user)
    page.locator("#password").fill(password)
    page.locator("button[type=submit]").click()


def test_the_front_door_leads_to_stirling(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(api: Api, stack: RunningStack) -> None:
    said = api("stirling-pdf").get("/api/v1/info/status").json()["version"]
    verify_version(said, stack, "stirling-pdf")


def test_a_stranger_is_sent_to_the_sign_in(api: Api) -> None:
    response = api("stirling-pdf").get("/")
    assert response.status_code == 302
    assert response.headers["Location"].endswith("/login")


def test_a_stranger_cannot_use_a_tool(api: Api) -> None:
    assert do_rotate(api("stirling-pdf"), 90).status_code == 401


def test_the_tools_open_after_a_sign_in(stirling: httpx.Client) -> None:
    assert stirling.get("/").status_code == 200


@pytest.mark.claim("P7.4")
def test_a_page_is_rotated(stirling: httpx.Client) -> None:
    response = do_rotate(stirling, 90)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert re.search(rb"/Rotate\s+90\b", response.content)


def test_what_is_no_document_is_refused(stirling: httpx.Client) -> None:
    assert do_rotate(stirling, 90, b"no document").status_code == 500


def test_a_made_up_name_is_refused(api: Api) -> None:
    refused = api("stirling-pdf").post("/login", data={"username": made_up_name(), "password": "x"})
    assert refused.status_code == 302
    assert refused.headers["Location"].endswith("/login?error=badcredentials")


def test_a_person_signs_in_on_the_page(page: Page, password: str) -> None:
    do_sign_in(page, "admin", password)
    expect(page).to_have_url("https://pdf.stack.local/")


def test_a_refused_person_is_told_on_the_page(page: Page) -> None:
    do_sign_in(page, made_up_name(), "not-the-password")
    expect(page).to_have_url(re.compile(r"/login\?error=badcredentials"))
    expect(page.get_by_text("Invalid username or password.")).to_be_visible()
