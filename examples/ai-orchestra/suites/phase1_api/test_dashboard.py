"""The dashboard works when its pages have what they promise, and messages arrive and come again."""

import json
import time
from itertools import pairwise

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.service("dashboard")

ORIGIN = "https://orchestra.local"
PAGES = {
    "/": ("Overview", ["New build"], []),
    "/build": ("Build Pipeline", ["Run build"], ["Provider", "Model", "Temperature", "Max tokens"]),
    "/artifacts": ("Artifacts", [], ["Type", "Search", "Sort by"]),
    "/config": (
        "Configuration",
        [],
        ["Default provider", "Load balancing", "Fallback", "Log level"],
    ),
    "/agents": ("Agents", [], ["Activity"]),
    "/logs": ("Agent Logs", ["Export"], ["Level", "Search", "Auto-scroll"]),
}
LIMIT = 1000


@pytest.mark.claim("A14")
@pytest.mark.parametrize("path", PAGES)
def test_the_page_has_its_controls(page, path):
    heading, buttons, labels = PAGES[path]
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{ORIGIN}{path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    for name in buttons:
        expect(page.get_by_role("button", name=name)).to_be_visible()
    for label in labels:
        expect(page.get_by_label(label, exact=True)).to_have_count(1)
    assert errors == []


@pytest.fixture
def logs(page, within):
    """The page of logs, and what sends it messages in place of the backend."""
    sockets = []

    def take(socket):
        sockets.append(socket)

    page.route_web_socket("**/ws", take)
    page.goto(f"{ORIGIN}/logs")
    for attempt in within(10):
        with attempt:
            page.wait_for_timeout(20)
            assert len(sockets) == 1

    def send(count, level="info"):
        for number in range(count):
            payload = {"level": level, "message": f"{level} {number}"}
            sockets[0].send(json.dumps({"type": "log", "payload": payload}))

    return send


@pytest.mark.claim("A15")
def test_it_keeps_the_last_thousand(page, logs):
    logs(LIMIT + 5)
    rows = page.get_by_role("list", name="Messages").locator("li")
    expect(rows).to_have_count(LIMIT)
    expect(rows.first).to_have_text("info 5")


@pytest.mark.claim("A15")
def test_it_filters_searches_and_exports(page, logs):
    logs(3)
    logs(2, level="error")
    rows = page.get_by_role("list", name="Messages").locator("li:not([hidden])")
    expect(rows).to_have_count(5)
    page.get_by_label("Level").select_option("error")
    expect(rows).to_have_text(["error 0", "error 1"])
    page.get_by_label("Search").fill("1")
    expect(rows).to_have_text(["error 1"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    lines = download.value.path().read_text().split("\n")
    assert lines == ["info 0", "info 1", "info 2", "error 0", "error 1"]


@pytest.mark.claim("A15")
def test_it_scrolls_along(page, logs):
    page.get_by_label("Auto-scroll").check()
    logs(100)
    rows = page.get_by_role("list", name="Messages").locator("li")
    expect(rows).to_have_count(100)
    expect(rows.last).to_be_in_viewport()


@pytest.mark.claim("A13")
def test_it_connects_again_with_growing_pauses(page):
    attempts = []

    def refuse(socket):
        attempts.append(time.monotonic())
        socket.close(code=1011)

    page.route_web_socket("**/ws", refuse)
    page.goto(f"{ORIGIN}/logs")
    page.wait_for_timeout(12_000)
    pauses = [after - before for before, after in pairwise(attempts)]
    assert len(pauses) == 5
    assert all(after > 1.5 * before for before, after in pairwise(pauses))
