"""The chat page works when somebody can ask the API there, and nobody else learns of it."""

from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.service("ui")

PAGE = "http://127.0.0.1:8001/"


@pytest.mark.claim("X5")
def test_it_answers(api):
    ui = api("ui", port=8001)
    page, health = ui.get("/"), ui.get("/health")
    assert (page.status_code, health.status_code) == (200, 200)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.service("mkdocs")
@pytest.mark.claim("X24")
def test_pages_ask_no_other_host(page):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(PAGE)
    page.locator("#chat-input").wait_for()
    page.goto("http://127.0.0.1:8008/")
    assert hosts - {None} == {"127.0.0.1"}


@pytest.mark.service("rag")
@pytest.mark.claim("X26")
def test_a_question_is_answered_without_a_network_outside(page, inside):
    outside = ("curl", "--silent", "--max-time", "1", "http://192.0.2.1/")
    assert [inside(name).run(*outside).code != 0 for name in ("rag", "ui")] == [True, True]
    page.goto(PAGE)
    page.locator("#chat-input").fill("What leaves this machine?")
    page.locator("#chat-submit").click()
    page.get_by_text("Nothing.", exact=True).wait_for()
