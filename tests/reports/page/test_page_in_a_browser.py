"""The page in real Chromium: accessible, quiet, and the same by keyboard, on a phone, on paper."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.reports.page.page import render_page
from stacktest.reports.report_data import Board
from tests.support.known import known

pytestmark = pytest.mark.real_browser

SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def said() -> list[str]:
    """What pages write to the console, errors included."""
    return []


@pytest.fixture
def asked() -> list[str]:
    """The URLs that pages ask for."""
    return []


@pytest.fixture
def visit(
    chromium: Browser,
    make_board: Callable[..., Board],
    tmp_path: Path,
    said: list[str],
    asked: list[str],
) -> Iterator[Callable[..., Page]]:
    contexts = []

    def visit(*, size: str = "desk", now: dt.datetime | None = None, **options: Any) -> Page:
        now = now or dt.datetime.now(dt.UTC)  # noqa: TID251 - as the browser does
        file = tmp_path / "status.html"
        board = make_board(now=now)
        file.write_text(render_page(board), encoding="utf-8")
        context = chromium.new_context(viewport=SIZES[size], **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_the_console_is_silent(
    visit: Callable[..., Page], size: str, theme: str, said: list[str], asked: list[str]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(size=size, color_scheme=theme)
    page.evaluate("document.querySelectorAll('details').forEach((d, i) => d.open = i < 12)")
    found = Axe().run(page)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_a_phone_scrolls_in_one_direction_only(visit: Callable[..., Page]) -> None:
    page = visit(size="phone")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


def test_the_theme_can_be_switched_and_is_remembered(visit: Callable[..., Page]) -> None:
    page = visit(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light == "rgb(255, 255, 255)"
    assert dark == "rgb(16, 19, 23)"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_keyboard_finds_a_service(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("regression")
    rows = page.locator(".matrix tbody tr:visible")
    assert rows.locator("th a").all_inner_texts() == ["outline"]
    rows.locator("th a").press("Enter")
    page.get_by_text("Regression: image, config, env").wait_for()


def test_a_link_opens_the_service_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    page.get_by_role("link", name="loki").first.click()
    page.get_by_text("Steady failure: at least 30 runs").wait_for()


def test_every_mark_of_a_strip_has_a_colour_also_where_its_drawing_is_shared(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    paint = "marks => marks.map(m => getComputedStyle(m)).filter(s => s.stroke == 'none' && s.fill == 'none').length"
    for where in (".matrix .strip path", "symbol ~ g.strip path, g.strip path"):
        marks = page.locator(where)
        assert marks.count() > 0
        assert marks.evaluate_all(paint) == 0
    strip = page.locator("#s-outline .tests svg.strip").first
    page.locator("#s-outline").evaluate("el => el.closest('details').open = true")
    shown = known(strip.bounding_box())
    assert (round(shown["width"]), round(shown["height"])) == (210, 19)


def test_paper_shows_what_is_folded_away(visit: Callable[..., Page]) -> None:
    page = visit()
    shows = "el => el.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})"
    fold = page.locator("#s-loki")
    assert fold.evaluate(shows) is False
    page.emulate_media(media="print")
    assert fold.evaluate(shows) is True
    assert page.locator("#s-redis").evaluate(shows) is False


def test_nothing_is_cut_off_on_a_landscape_sheet(visit: Callable[..., Page]) -> None:
    page = visit()
    page.set_viewport_size({"width": 1032, "height": 703})  # A4 without its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    wide = "els => els.filter(el => el.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.locator(".matrix td").evaluate_all(wide) == 0


@pytest.mark.parametrize("width", [1100, 1200, 1280, 1440])
def test_the_matrix_with_its_words_fits_an_ordinary_window(
    visit: Callable[..., Page], width: int
) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    beyond = "el => Math.max(0, el.scrollWidth - el.clientWidth)"
    assert page.locator(".scroll:has(.matrix)").evaluate(beyond) == 0


def test_on_a_phone_what_changed_and_the_newest_runs_need_no_scrolling(
    visit: Callable[..., Page],
) -> None:
    page = visit(size="phone")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    wide = "els => els.filter(el => el.getBoundingClientRect().right > innerWidth).length"
    for what in (
        "#s-grafana .parts .moved",
        "#s-grafana .tests .strip",
        "#s-outline .recent .note",
        "[aria-labelledby=operations] .why",
    ):
        assert page.locator(what).count() > 0
        assert page.locator(what).evaluate_all(wide) == 0


def test_a_page_that_is_kept_open_or_stored_says_that_it_is_old(visit: Callable[..., Page]) -> None:
    page = visit(now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    page.clock.install(time=dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC))
    page.reload()
    assert page.locator("#age").is_hidden()
    page.clock.set_system_time(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    page.clock.run_for(61_000)
    assert page.locator("#age").is_visible()
