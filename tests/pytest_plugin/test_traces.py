"""A trace holds neither what was typed into a password field nor what was sent in secret."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.pytest_plugin.test_playwright_watch import OPTIONS
from tests.support.browser_suite import CONFTEST

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.real_browser

LEARN = """

@pytest.fixture(autouse=True)
def _known():
    from stacktest.bootstrap.known_secrets import learn_secrets

    app = Service(name="app", environment={"DB_PASSWORD": "cn-Model-4711"})
    learn_secrets(Stack(name="t", root=Path("."), services={"app": app}))
"""
PAGE = """<!doctype html><title>Sign in</title>
<form action='/signed-in' method='post'>
<label>User <input name='user'></label>
<label>Word <input name='word' type='password'></label><button>Go</button></form>
<p>the model says cn-Model-4711</p>
<script>console.log('console cn-Model-4711')</script>"""
SUITE = f"""
import pytest

PAGE = {PAGE!r}
URL = "http://app.stack.local"


@pytest.fixture
def signed_in(context):
    context.set_extra_http_headers({{
        "Authorization": "Bearer cn-Bearer-4711", "X-Api-Key": "cn-ApiKey-4711"}})
    context.add_cookies([{{"name": "session", "value": "cn-Cookie-4711", "url": URL}}])
    context.route("**/*", lambda route: route.fulfill(
        status=200, content_type="text/html", body=PAGE,
        headers={{"Set-Cookie": "sid=cn-SetCookie-4711; Path=/; HttpOnly"}}))


def test_it(page, signed_in):
    page.goto(URL + "/?access_token=cn-Query-4711&page=2")
    page.get_by_label("User").fill("somebody")
    page.get_by_label("Word").fill("cn-Typed-4711")
    page.get_by_label("Word").press_sequentially("-cn-More")
    page.get_by_role("button").click()
    page.wait_for_load_state()
    page.evaluate("fetch('/api', {{method: 'POST', body: JSON.stringify({{client_secret: "
                  "'cn-Posted-4711'}})}}).then(r => r.text())")
    context = page.context
    assert page.title() == "No"
"""


ASYNCHRONOUS = f"""
import asyncio

from playwright.async_api import async_playwright

from stacktest.adapters.browser.chromium import find_chromium

PAGE = {PAGE!r}
URL = "http://app.stack.local"


async def sign_in(browser_proxy):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(headless=True),
            proxy={{"server": browser_proxy.url}}, args=["--no-sandbox"])
        context = await browser.new_context(extra_http_headers={{
            "Authorization": "Bearer cn-Bearer-4711"}})
        await context.tracing.start(snapshots=True)
        await context.route("**/*", lambda route: route.fulfill(
            status=200, content_type="text/html", body=PAGE,
            headers={{"Set-Cookie": "sid=cn-SetCookie-4711; Path=/; HttpOnly"}}))
        page = await context.new_page()
        await page.goto(URL + "/?access_token=cn-Query-4711&page=2")
        await page.get_by_label("User").fill("somebody")
        await page.get_by_label("Word").fill("cn-Typed-4711")
        await page.get_by_role("button").click()
        await page.wait_for_load_state()
        await context.tracing.stop(path="out/trace.zip")
        await browser.close()


def test_it(browser_proxy):
    asyncio.run(sign_in(browser_proxy))
    assert False
"""


@pytest.fixture(params=[SUITE, ASYNCHRONOUS], ids=["page", "asynchronous"])
def trace(
    request: pytest.FixtureRequest,
    pytester: pytest.Pytester,
    pki: Any,
    serve: Any,
    monkeypatch: Any,
) -> Path:
    pytester.makeconftest(CONFTEST + LEARN)
    doors = {443: pki.ports["good"], 80: serve()}
    value = {"root": str(pytester.path), "ca": str(pki.ca), "doors": doors}
    monkeypatch.setenv("GIVEN", json.dumps(value))
    pytester.makepyfile(request.param)
    out = pytester.path / "out"
    done = pytester.runpytest_subprocess(
        *OPTIONS, "--tracing=retain-on-failure", f"--output={out}", timeout=170
    )
    done.assert_outcomes(failed=1)
    (path,) = out.rglob("trace.zip")
    return path


def test_nothing_secret_is_in_it_and_the_rest_is(trace: Path) -> None:
    canaries: dict[str, int] = {}
    with zipfile.ZipFile(trace) as content:
        texts = {name: content.read(name) for name in content.namelist()}
        assert content.testzip() is None
    for name, text in texts.items():
        if name.endswith((".trace", ".network", ".stacks")):
            for line in text.splitlines():
                json.loads(line)
        if name.startswith("src/"):
            # The test's own source, which is in the repository.
            continue
        if b"cn-" in text:
            at = text.index(b"cn-")
            canaries[f"{name}: {text[max(0, at - 120) : at + 60]!r}"] = text.count(b"cn-")
    assert canaries == {}
    everything = b"".join(texts.values())
    for word in (b"somebody", b"page=2", b"Sign in", b"[redacted]", b"/signed-in"):
        assert word in everything
    assert trace.stat().st_mode & 0o077 == 0
