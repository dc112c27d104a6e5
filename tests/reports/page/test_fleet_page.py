"""The page of several stacks, as text and in real Chromium."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from stacktest.bootstrap.fleet import read_fleet
from stacktest.core.freshness.states import State
from stacktest.reports.fleet_data import Fleet
from stacktest.reports.page.fleet_page import render_fleet_page
from tests.support.ledger_folder import NOW, write_ledger

HOSTILE = (
    "</script></style>'\"--><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\u202e"
)
WIDTHS = (360, 390, 430, 1280)
Visit = Callable[..., Page]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Stacks of each kind, with names and reasons that are long and hostile."""
    states = {f"service-{state.value}": state for state in State}
    long_name = "a-service-with-a-name-that-is-longer-than-a-phone-is-wide-and-then-some"
    reasons = dict.fromkeys(states, (f"config:configs/{'deep/' * 12}{HOSTILE}.yml", HOSTILE))
    places = [
        write_ledger(tmp_path / "shop"),
        write_ledger(tmp_path / "all", states, stack=f"all{HOSTILE}@e2{HOSTILE}", reasons=reasons),
        write_ledger(tmp_path / "long", {long_name: State.CHANGED}, stack=f"{long_name}@e3"),
        write_ledger(tmp_path / "old", stack="old@e4", hours=100),
        tmp_path / f"gone{HOSTILE.replace('/', '-')}",
    ]
    return read_fleet(map(str, places), NOW)


def test_what_is_not_believed_stands_above_and_no_service_of_it_is_green(tmp_path: Path) -> None:
    place = write_ledger(tmp_path / "old", stack="old@e4", hours=100)
    text = render_fleet_page(read_fleet([str(place)], NOW))
    assert "<b>old: too old</b>, it was judged 100 hours ago." in text
    assert f"<code>stacktest status --stack {place}</code>" in text
    assert 'class="state good"' not in text
    assert text.count("the ledger is too old; it says functional") == 2


def test_the_same_fleet_gives_the_same_page(fleet: Fleet) -> None:
    assert render_fleet_page(fleet) == render_fleet_page(fleet)


@pytest.fixture
def noise() -> list[str]:
    """What the page writes to the console, and the addresses that it asks for."""
    return []


@pytest.fixture
def visit(chromium: Browser, fleet: Fleet, tmp_path: Path, noise: list[str]) -> Iterator[Visit]:
    contexts = []

    def visit(width: int = 1280, **options: object) -> Page:
        file = tmp_path / "fleet.html"
        file.write_text(render_fleet_page(fleet), encoding="utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": 850},
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "data:")) else noise.append(request.url)
            ),
        )
        page.goto(file.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.real_browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_nothing_is_cut_off_and_nothing_is_asked_for(
    visit: Visit, noise: list[str], width: int, theme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(width, color_scheme=theme)
    violations = Axe().run(page).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    cut = "els => els.filter(el => el.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.locator(".todo li *").evaluate_all(cut) == 0
    assert noise == []


@pytest.mark.real_browser
def test_it_is_read_without_scripts_and_hostile_words_stay_words(
    visit: Visit, noise: list[str]
) -> None:
    page = visit(390, java_script_enabled=False)
    rows = page.locator("section", has=page.locator("#stacks")).locator("li")
    assert rows.count() == 5
    assert "not known" in page.locator("section", has=page.locator("#services")).inner_text()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.get_by_text("onerror=alert(1)").count() > 3
    assert "\u202e" not in page.content()
    assert noise == []


@pytest.mark.real_browser
def test_a_name_or_a_state_narrows_the_lists_and_the_page_grows_old(
    visit: Visit, noise: list[str]
) -> None:
    page = visit()
    page.clock.install(time=NOW.replace(tzinfo=UTC) + timedelta(hours=1))
    page.reload()
    assert page.locator("#age").is_hidden()
    page.get_by_label("Filter").fill("evidence missing")
    assert page.locator(".todo li:visible").count() == 1
    page.clock.set_system_time(NOW + timedelta(hours=40))
    page.clock.run_for(61_000)
    assert page.locator("#age").is_visible()
    assert noise == []


def test_times_are_those_of_the_fleet(fleet: Fleet) -> None:
    assert f"{NOW:%Y-%m-%d %H:%M} UTC" in render_fleet_page(fleet)
    assert datetime.fromisoformat("2026-11-20T10:00:00+00:00") == fleet.now
