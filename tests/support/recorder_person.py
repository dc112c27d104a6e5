"""Does in the recorder's window what a person does: `python -m tests.support.recorder_person`.

It gets the port of the browser's debugger, the page's address, and the text that is clicked. The
debugger listens in the network of the browser, so this runs there.
"""

import sys
import time
from contextlib import suppress

from playwright.sync_api import Error, Page, Playwright, sync_playwright

from tests.support.known import known


def click_and_close(port: str, url: str, text: str) -> None:
    """Wait for the page, click on its text, close the window."""
    with sync_playwright() as playwright:
        page = opened_page(playwright, f"http://127.0.0.1:{port}", url)
        # The recorder draws over the page: what it sees is where the mouse is.
        place = known(page.get_by_text(text).bounding_box())
        page.locator("x-pw-glass").wait_for(state="attached")
        page.mouse.move(place["x"] + 5, place["y"] + 5, steps=5)
        page.mouse.click(place["x"] + 5, place["y"] + 5)
        page.close()


def opened_page(playwright: Playwright, debugger: str, url: str) -> Page:
    """The recorder's page; a connection sees the pages that were there when it was made."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(Error):
            browser = playwright.chromium.connect_over_cdp(debugger)
            for page in (page for context in browser.contexts for page in context.pages):
                if page.url == url:
                    return page
            browser.close()
        time.sleep(0.2)
    raise AssertionError("the recorder opened no page")


if __name__ == "__main__":
    click_and_close(*sys.argv[1:])
