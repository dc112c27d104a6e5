"""The documentation works when every page that was written is served, found and linked.

MkDocs itself ends after the build; what is looked at is the site that it left for the front door.
"""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Page, expect

from fixtures.containers import last_container
from fixtures.identity import Identity, verify_identity
from fixtures.text import first_group
from fixtures.typed import Answered, Api
from fixtures.versions import pinned_version
from stacktest.application.running_stack import RunningStack
from stacktest.core.observed_state import Container

pytestmark = pytest.mark.service("mkdocs")

IDENTITY = Identity(
    host="docs.stack.local",
    path="/",
    marker='<meta name="generator" content="mkdocs-',
)


@pytest.fixture(autouse=True)
def built(stack: RunningStack, answered: Answered) -> Container:
    """The container that built the site; the front door only hands out what it left."""
    return last_container(stack, answered, "mkdocs")


@pytest.fixture
def docs(api: Api) -> httpx.Client:
    return api("docs.stack.local")


@pytest.fixture
def pages(stack: RunningStack) -> dict[str, str]:
    """Path on the site → headline, for every page that was written."""
    folder = stack.model.root / "docs"
    return {
        address_of(file.relative_to(folder).as_posix()): headline_of(file)
        for file in sorted(folder.rglob("*.md"))
    }


def address_of(name: str) -> str:
    name = name.removesuffix(".md")
    return "/" + ("" if name == "index" else f"{name.removesuffix('/index')}/")


def headline_of(file: Path) -> str:
    return first_group(r"^# (.+)$", file.read_text(encoding="utf-8")).strip()


def do_open(docs: httpx.Client, path: str) -> str:
    response = docs.get(path)
    assert response.status_code == 200, path
    return response.text


class Links(HTMLParser):
    """Every address that a page links to."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        target = dict(attrs).get({"a": "href", "link": "href", "script": "src"}.get(tag, ""))
        if target and not target.startswith(("mailto:", "data:", "#")):
            self.found.add(urljoin(self.base, target).partition("#")[0])


@pytest.mark.claim("P0.5.4")
def test_the_front_door_leads_to_the_documentation(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_build_ended_well(built: Container) -> None:
    assert (built.state, built.exit_code) == ("exited", 0)


def test_the_program_has_the_pinned_version(docs: httpx.Client, stack: RunningStack) -> None:
    generator = first_group(r'name="generator" content="([^"]*)"', docs.get("/").text)
    assert generator.endswith(f"mkdocs-material-{pinned_version(stack, 'mkdocs')}")


@pytest.mark.claim("P0.5.5")
def test_every_page_is_served_with_its_own_headline(
    docs: httpx.Client, pages: dict[str, str]
) -> None:
    for path, headline in pages.items():
        response = docs.get(path)
        assert response.status_code == 200, path
        shown = re.findall(r"<h1[^>]*>(.*?)(?:<a |</h1>)", response.text, re.DOTALL)
        assert [unescape(text).strip() for text in shown] == [headline], path


def test_every_page_can_be_reached_from_the_home_page(
    docs: httpx.Client, pages: dict[str, str]
) -> None:
    links = Links("https://docs.stack.local/")
    links.feed(docs.get("/").text)
    assert {f"https://docs.stack.local{path}" for path in pages} - links.found == set()


def test_no_page_links_to_nothing(docs: httpx.Client, pages: dict[str, str]) -> None:
    found = set()
    for path in pages:
        links = Links(f"https://docs.stack.local{path}")
        links.feed(do_open(docs, path))
        found |= links.found
    own = {link for link in found if link.startswith("https://docs.stack.local/")}
    assert {link: docs.get(link).status_code for link in own} == dict.fromkeys(own, 200)


def test_no_page_asks_another_server_for_anything(
    docs: httpx.Client, pages: dict[str, str]
) -> None:
    for path in pages:
        loaded = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', do_open(docs, path)
        )
        foreign = [link for link in loaded if not link.startswith("https://docs.stack.local/")]
        assert foreign == [], path


def test_the_search_index_holds_every_page(docs: httpx.Client, pages: dict[str, str]) -> None:
    index = docs.get("/search/search_index.json").json()
    indexed = {"/" + entry["location"] for entry in index["docs"] if "#" not in entry["location"]}
    assert indexed == set(pages)


def test_the_sitemap_names_every_page(docs: httpx.Client, pages: dict[str, str]) -> None:
    named = set(re.findall(r"<loc>(.*?)</loc>", docs.get("/sitemap.xml").text))
    assert named == {f"https://docs.stack.local{path}" for path in pages}


def test_an_unknown_page_is_not_found(docs: httpx.Client) -> None:
    assert docs.get("/no-such-page/").status_code == 404


def test_the_sources_are_not_served(docs: httpx.Client) -> None:
    assert docs.get("/index.md").status_code == 404


def test_a_reader_finds_a_page_by_searching(page: Page) -> None:
    page.goto("https://docs.stack.local/")
    search = page.locator('input[name="query"]')
    search.click()
    search.press_sequentially("alertmanager")
    found = page.locator('.md-search-result__item a[href*="/spokes/alertmanager/"]')
    expect(found.first).to_be_visible()


def test_the_home_page_runs_without_a_complaint(page: Page) -> None:
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("https://docs.stack.local/", wait_until="networkidle")
    expect(page).to_have_title("Reference Stack")
    assert complaints == []
