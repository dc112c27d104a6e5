"""Takes an accessibility snapshot of each service's landing page in Chromium.

Two contexts without cookies open each page; the part that both show must be on the page in a third
context, and on no other service's page.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.adapters.browser.chromium_trust import browser_home
from stacktest.adapters.names import ConnectProxy
from stacktest.adapters.temporary import temporary_folder
from stacktest.bootstrap.context import Project
from stacktest.core.routing import origin
from stacktest.errors import ToolMissingError
from stacktest.init.look.findings import LANDING
from stacktest.init.look.look import LandingPage, Look
from stacktest.init.look.snapshot import common_snapshot

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 10_000
"""Milliseconds for a page."""
_MOMENT, _MOMENTS = 300, 10
"""Milliseconds between two snapshots of a page that is still loading, and their number."""
_SETTLED = 2000
"""Milliseconds for a comparison with the page's own snapshot; other comparisons need none."""
_OK = 200


def landing_pages(project: Project, look: Look) -> Mapping[str, LandingPage]:
    """Service → its landing page, if no other service shows the same."""
    addresses = dict(_addresses(project, look))
    with _chromium(project) as browser:
        pages = dict(_snapshots(browser, addresses, look))
        mistaken = set(_mistaken(browser, addresses, pages))
    return {name: page for name, page in pages.items() if name not in mistaken}


# Private


def _addresses(project: Project, look: Look) -> Iterator[tuple[str, str]]:
    """Service → the URL of its landing page at the front door."""
    for visit in reversed(look.visits):
        answers = visit.answers.get(LANDING, ())
        is_page = bool(answers) and answers[0].is_page and answers[0].status == _OK
        if visit.service and visit.host and is_page and LANDING in visit.credited:
            url = origin(project.names.doors, visit.host, project.stack.routes)
            yield visit.service, f"{url}{visit.prefix}{LANDING}"


@contextmanager
def _chromium(project: Project) -> "Iterator[Browser]":
    """A browser that resolves the stack's names and trusts its CA."""
    from playwright.sync_api import sync_playwright

    proxy = ConnectProxy(project.names)
    with temporary_folder("look") as folder, sync_playwright() as playwright:
        program = find_chromium(headless=True, own=playwright.chromium.executable_path)
        if program is None:
            raise ToolMissingError(
                "no Chromium for --deep", where="init", hint="apt-get install chromium"
            )
        home = browser_home(project.readable_ca, folder / "home")
        try:
            browser = playwright.chromium.launch(
                executable_path=program,
                proxy={"server": proxy.start()},
                env={**os.environ, **home},
                chromium_sandbox=os.geteuid() != 0,
            )
            yield browser
            browser.close()
        finally:
            proxy.stop()


def _snapshots(
    browser: "Browser", addresses: Mapping[str, str], look: Look
) -> Iterator[tuple[str, LandingPage]]:
    from playwright.sync_api import Error

    for name, url in addresses.items():
        # A page that does not load is left out.
        with suppress(Error):
            texts = [_snapshot(browser, url) for _ in range(2)]
            if snapshot := common_snapshot(texts[0], texts[1], look.secrets):
                yield name, LandingPage(url=url, snapshot=snapshot)


def _snapshot(browser: "Browser", url: str) -> str:
    """The snapshot of the page once two in a row are equal."""
    with _visitor(browser, url) as page:
        before, text = "", str(page.locator("body").aria_snapshot())
        for _ in range(_MOMENTS):
            if text == before:
                break
            page.wait_for_timeout(_MOMENT)
            before, text = text, str(page.locator("body").aria_snapshot())
        return text


def _mistaken(
    browser: "Browser", addresses: Mapping[str, str], pages: Mapping[str, LandingPage]
) -> Iterator[str]:
    """Services whose snapshot is missing in a third context, or is on another page as well."""
    from playwright.sync_api import Error

    for name, url in addresses.items():
        try:
            with _visitor(browser, url) as page:
                # Its own snapshot first: after that comparison the page is complete.
                for other in sorted(pages, key=lambda other: other != name):
                    time = _SETTLED if other == name else 1
                    if _matches(page, pages[other].snapshot, time) is not (other == name):
                        yield other
        except Error:
            yield name


def _matches(page: "Page", snapshot: str, milliseconds: int) -> bool:
    from playwright.sync_api import expect

    try:
        expect(page.locator("body")).to_match_aria_snapshot(snapshot, timeout=milliseconds)
    except AssertionError:
        return False
    return True


@contextmanager
def _visitor(browser: "Browser", url: str) -> Iterator[Any]:
    """The loaded page in a new context."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(url, timeout=PATIENCE)
        yield page
    finally:
        context.close()
