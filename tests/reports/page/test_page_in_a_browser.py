"""The page in real Chromium: accessible, quiet, and the same by keyboard, on a phone, on paper."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import asdict
from playwright.sync_api import Browser, Page, ViewportSize

from stacktest.core.changed_copy import replace
from stacktest.reports.page.page import render_page
from stacktest.reports.report_data import Board
from tests.support.known import known

pytestmark = pytest.mark.real_browser

SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
    "narrow": {"width": 360, "height": 780},
    "wide phone": {"width": 430, "height": 932},
}


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

    def visit(
        *,
        size: str = "desk",
        now: dt.datetime | None = None,
        board: Board | None = None,
        **options: Any,
    ) -> Page:
        now = now or dt.datetime.now(dt.UTC)  # noqa: TID251 - as the browser does
        file = tmp_path / "status.html"
        board = board or make_board(now=now)
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
    page.locator("#s-outline").get_by_text("Regression: image, mounted files").wait_for()


def test_a_link_opens_the_service_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    page.locator(".matrix").get_by_role("link", name="loki").click()
    page.locator("#s-loki").get_by_text("Steady failure: at least 30 runs").wait_for()


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


@pytest.mark.parametrize("width", [360, 390, 430, 1280])
def test_rows_of_services_have_one_height_and_strips_stay_low(
    visit: Callable[..., Page], width: int
) -> None:
    """A service with one run, and one with none, look like those with thirty."""
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    heights = "els => [...new Set(els.map(el => el.getBoundingClientRect().height.toFixed(1)))]"
    for rows in (".matrix tbody tr", "h2 ~ details > summary", ".gantt .row"):
        assert len(page.locator(rows).evaluate_all(heights)) == 1, rows
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    strips = page.locator("svg.strip").evaluate_all(heights)
    assert max(map(float, strips)) <= 20


@pytest.mark.parametrize("width", [360, 390, 430])
def test_a_row_on_a_phone_shows_name_state_age_and_runs(
    visit: Callable[..., Page], width: int
) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    cut = """els => els.filter(el => el.scrollWidth > el.clientWidth + 1
                       || el.getBoundingClientRect().right > innerWidth).length"""
    for cell in (".service", ".state", ".when", ".runs"):
        cells = page.locator(f".matrix tbody {cell}")
        assert cells.count() == 36
        assert cells.evaluate_all(cut) == 0, cell


def test_why_a_service_closes_the_gate_opens_in_its_place(visit: Callable[..., Page]) -> None:
    page = visit(size="phone", java_script_enabled=False)
    row = page.locator(".todo li", has=page.get_by_role("link", name="grafana", exact=True)).first
    row.get_by_text("Why", exact=True).click()
    assert row.locator(".reasons li").all_inner_texts() == [
        "its environment changed",
        "configs/grafana/provisioning/datasources/datasources.yml changed",
        "Also: page behind.",
    ]
    assert page.url.endswith("status.html")


LONG_COMMAND = (
    "docker compose --env-file .env -f docker-compose.yml --profile observability up -d --build "
    "--force-recreate alertmanager && pytest --stale"
)


@pytest.mark.parametrize("width", [740, 820, 1280, 1920])
def test_a_long_command_leaves_room_for_the_reason(visit: Callable[..., Page], width: int) -> None:
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    fill = "(codes, text) => codes.forEach(code => code.textContent = text)"
    page.locator(".todo code").evaluate_all(fill, LONG_COMMAND)
    columns = """rows => rows.map(row => [":scope > .who", ":scope > code"].map(name => {
        const box = row.querySelector(name).getBoundingClientRect(); return [box.left, box.right];
    }))"""
    for who, code in page.locator(".todo > li:has(> .who):has(> code)").evaluate_all(columns):
        assert who[1] - who[0] >= width / 4 - 30
        assert who[1] < code[0]
        assert code[1] <= width


def test_the_address_of_a_service_is_a_link_beside_its_name(visit: Callable[..., Page]) -> None:
    page = visit(size="phone")
    link = page.locator(".matrix").get_by_role("link", name="Open grafana.stack.local")
    assert link.get_attribute("href") == "https://grafana.stack.local:8443/"
    size = known(link.bounding_box())
    assert min(size["width"], size["height"]) >= 24


HOSTILE = (
    """</script></style>'"--><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\u202e"""
)


def hostile(value: Any) -> Any:
    """The same value, with markup in every text that a record holds."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return type(value)(f"{value}{HOSTILE}")
    if isinstance(value, tuple | list):
        return type(value)(hostile(item) for item in value)
    if isinstance(value, Mapping):
        return {key: hostile(item) for key, item in value.items()}
    if isinstance(value, Struct):
        return replace(value, **{name: hostile(item) for name, item in asdict(value).items()})
    return value


def test_markup_in_records_and_in_the_stack_stays_text(
    visit: Callable[..., Page], make_board: Callable[..., Board], said: list[str], asked: list[str]
) -> None:
    board = make_board()
    stack = replace(
        board.stack,
        name=hostile(board.stack.name),
        phases=tuple(replace(phase, title=hostile(phase.title)) for phase in board.stack.phases),
        routes=tuple(replace(route, host=hostile(route.host)) for route in board.stack.routes),
        services={
            name: replace(service, image=hostile(service.image), labels=hostile(service.labels))
            for name, service in board.stack.services.items()
        },
    )
    status = {
        name: replace(entry, reasons=hostile(entry.reasons), unverified=hostile(entry.unverified))
        for name, entry in board.status.items()
    }
    histories = {
        name: [replace(line, reasons=hostile(line.reasons), tests={hostile(t): w for t, w in line.tests.items()}) for line in lines]
        for name, lines in board.histories.items()
    }  # fmt: skip
    gate = known(board.gate)
    blockers = tuple(
        replace(item, reasons=hostile(item.reasons), command=hostile(item.command))
        for item in gate.blockers
    )
    timeline = known(board.timeline)
    page = visit(
        board=replace(
            board,
            stack=stack,
            status=status,
            histories=histories,
            gate=replace(gate, blockers=blockers),
            meta=replace(board.meta, warnings=hostile(board.meta.warnings)),
            timeline=replace(timeline, boots=tuple(hostile(s) for s in timeline.boots)),
        )
    )
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.get_by_text("onerror=alert(1)").count() > 36
    assert "\u202e" not in page.content()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


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
    assert page.locator("#age").inner_text().startswith("This page is old. It was judged 2026-")
