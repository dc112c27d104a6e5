"""The list of evidence, and a real trace opened from it in a real browser."""

from pathlib import Path

import pytest

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.web_server import viewer_folder
from stacktest.application.evidence_folder import left_over
from stacktest.reports.page.evidence import Left, render_evidence
from stacktest.reports.page.page import render_page
from stacktest.reports.report_data import Board
from tests.adapters.test_web_server import serving

LISTED = """\
<h2>20260102T000000-b</h2>
<li><a href="/trace/index.html?trace=%2Fevidence%2F20260102T000000-b%2Fpages%2Fmain%2Ft%2Ftrace.zip">Open the trace</a> \
<a href="/evidence/20260102T000000-b/pages/main/t/trace.zip">pages/main/t/trace.zip</a>, 2 KB</li>
<li><a href="/evidence/20260102T000000-b/a%20b/%3Cx%3E.log">a b/&lt;x&gt;.log</a>, 2 KB</li>
<h2>20260101T000000-a</h2>
<li><a href="/evidence/20260101T000000-a/t/redis.log">t/redis.log</a>, 1 KB</li>"""


def test_runs_are_listed_newest_first_and_traces_before_logs() -> None:
    left = [
        Left(run="20260101T000000-a", path="t/redis.log", size=10),
        Left(run="20260102T000000-b", path="a b/<x>.log", size=2048),
        Left(run="20260102T000000-b", path="pages/main/t/trace.zip", size=1025),
    ]
    lines = [line.strip() for line in render_evidence("shop", left).splitlines()]
    assert "\n".join(line for line in lines if line.startswith(("<h2>", "<li>"))) == LISTED


def test_without_evidence_the_page_says_so() -> None:
    assert "none failed" in render_evidence("shop", [])


def test_what_runs_left_is_found(tmp_path: Path) -> None:
    (tmp_path / "r1/t").mkdir(parents=True)
    (tmp_path / "r1/t/a.log").write_text("12")
    (tmp_path / "stray.txt").write_text("")
    assert list(left_over(tmp_path)) == [Left(run="r1", path="t/a.log", size=2)]
    assert list(left_over(tmp_path / "absent")) == []


def test_only_a_page_that_is_served_leads_to_the_evidence(board: Board) -> None:
    assert "/evidence/" not in render_page(board)
    assert '<a href="/evidence/">Evidence</a>' in render_page(board, evidence=())


@pytest.mark.real_browser
def test_a_trace_opens_in_the_viewer_that_playwright_ships(board: Board, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    trace = tmp_path / "r1/pages/main/t/trace.zip"
    pages = {
        "/": lambda: render_page(board, evidence=()),
        "/evidence/": lambda: render_evidence("shop", left_over(tmp_path)),
    }
    folders = {"/evidence/": tmp_path, "/trace/": viewer_folder()}
    with sync_playwright() as playwright, serving(pages, folders) as server:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        traced = browser.new_context()
        traced.tracing.start(screenshots=True, snapshots=True)
        page = traced.new_page()
        page.set_content("<button>Sign in to canary</button>")
        page.get_by_role("button").click()
        traced.tracing.stop(path=trace)

        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        address = f"http://127.0.0.1:{server.server_address[1]}"
        page.goto(f"{address}/")
        page.get_by_role("link", name="Evidence").click()
        page.get_by_role("link", name="Open the trace").click()
        expect(page.locator("body")).to_contain_text("Click")
        page.get_by_text("Click", exact=False).first.click()
        shown = page.frame_locator("iframe.snapshot-visible").get_by_role("button")
        expect(shown).to_have_text("Sign in to canary")
        assert {url for url in asked if not url.startswith((address, "blob:", "data:"))} == set()
        browser.close()
