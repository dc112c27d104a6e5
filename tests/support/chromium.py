"""A Chromium without a window, for tests of pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from stacktest.adapters.browser.chromium import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        yield browser
        browser.close()
