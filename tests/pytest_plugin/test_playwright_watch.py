"""Whatever Playwright makes knows the stack, refuses what weakens TLS, and notes real answers only."""

import json
from typing import Any

import pytest

from tests.support.browser_suite import CONFTEST, KEPT_CONTEXT
from tests.support.nested_pytest import PLAIN
from tests.support.tls_servers import BAD, Pki

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.real_browser

OPTIONS = ("-q", *PLAIN, "-W", "error::pytest.PytestWarning")


@pytest.fixture
def suite(pytester: pytest.Pytester, pki: Any, serve: Any, monkeypatch: Any) -> Any:
    """Runs test functions in a process of their own; expects all of them to pass."""
    pytester.makeconftest(CONFTEST)
    doors = {443: pki.ports["good"], 80: serve()}
    doors |= {1001 + number: pki.ports[kind] for number, kind in enumerate(BAD)}
    published = {"web": serve(), "app": serve()}
    value = {"root": str(pytester.path), "ca": str(pki.ca), "doors": doors, "published": published}
    monkeypatch.setenv("GIVEN", json.dumps(value))

    def run(source: str, *options: str, **expected: int) -> pytest.RunResult:
        urls = (f"{name.upper()} = 'http://127.0.0.1:{published[name]}'" for name in published)
        pytester.makepyfile("\n".join((*urls, source)))
        outcome = pytester.runpytest_subprocess(*OPTIONS, *options, timeout=170)
        outcome.assert_outcomes(**expected)
        return outcome

    return run


MADE_UP = """
import json

import pytest
from playwright.sync_api import APIRequestContext, Error

URL = "https://app.stack.local"
FULFILLED = dict(status=200, body="<title>App</title>", content_type="text/html")


@pytest.mark.parametrize("where", ["page", "context"])
def test_fulfilled(page, contacts, where):
    target = page if where == "page" else page.context
    target.route("**/*", lambda route: route.fulfill(**FULFILLED))
    page.goto(f"{URL}/")
    assert page.title() == "App"
    assert contacts() == ()


def test_fulfilled_beside_real_answers(page, contacts):
    page.goto(WEB)
    page.route(f"{URL}/**", lambda route: route.fulfill(**FULFILLED))
    page.goto(f"{URL}/")
    assert contacts() == ("web",)


def test_changed_on_the_way(page, contacts):
    page.route("**/*", lambda route: route.fulfill(response=route.fetch(), body="changed"))
    page.goto(f"{URL}/")
    assert page.inner_text("body") == "changed"
    assert contacts() == ()


def test_sent_elsewhere_is_the_answer_of_elsewhere(page, contacts):
    page.route("**/*", lambda route: route.continue_(url=f"{WEB}/other"))
    page.goto("http://app.stack.local/")
    assert contacts() == ("web",)


def test_from_a_recording(page, contacts, tmp_path):
    headers = [{"name": "Content-Type", "value": "text/html"}]
    empty = {"headersSize": -1, "bodySize": -1, "cookies": [], "httpVersion": "HTTP/1.1"}
    request = empty | {"method": "GET", "url": f"{URL}/", "headers": [], "queryString": []}
    content = {"size": 3, "mimeType": "text/html", "text": "<title>App</title>"}
    response = empty | {"status": 200, "statusText": "OK", "redirectURL": ""}
    response |= {"headers": headers, "content": content}
    entry = {"startedDateTime": "2024-01-01T00:00:00Z", "time": 1, "cache": {}}
    entry |= {"request": request, "response": response}
    entry["timings"] = {"send": 0, "wait": 0, "receive": 0}
    creator = {"name": "a", "version": "1"}
    har = tmp_path / "a.har"
    har.write_text(json.dumps({"log": {"version": "1.2", "creator": creator, "entries": [entry]}}))
    page.context.route_from_har(har)
    page.goto(f"{URL}/")
    assert page.title() == "App"
    assert contacts() == ()


def test_passed_on_unchanged_is_real(page, contacts):
    page.route("**/*", lambda route: route.continue_())
    page.goto(f"{URL}/")
    assert contacts() == ("app", "door")


@pytest.mark.parametrize(("command", "options"), [
    ("Fetch.fulfillRequest", {"responseCode": 200, "body": "aGVsbG8="}),
    ("Fetch.continueRequest", {"url": f"{WEB}/elsewhere"}),
    ("Fetch.failRequest", {"errorReason": "Failed"}),
])
def test_by_commands(page, contacts, command, options):
    session = page.context.new_cdp_session(page)
    session.send("Fetch.enable", {})
    answer = lambda paused: session.send(command, {"requestId": paused["requestId"], **options})
    session.on("Fetch.requestPaused", answer)
    try:
        # No other test asks there: what comes from there is counted by the clock.
        page.goto(f"{APP}/")
    except Error:
        assert "fail" in command
    assert contacts() == ()


class Invented:
    url, status, ok, headers = f"{URL}/", 200, True, {}


@pytest.mark.parametrize("method", ["get", "post", "fetch"])
def test_by_requests(browser, contacts, monkeypatch, method):
    monkeypatch.setattr(APIRequestContext, method, lambda *_, **__: Invented())
    context = browser.new_context()
    assert getattr(context.request, method)(f"{URL}/").ok
    context.close()
    assert contacts() == ()


def test_by_websockets(page, contacts):
    page.route_web_socket("**/*", lambda server: server.send("hello"))
    page.goto("data:text/html,")
    received = "received => new WebSocket('wss://app.stack.local/').onmessage = received"
    assert page.evaluate(f"new Promise({received}).then(message => message.data)") == "hello"
    assert contacts() == ()


def test_in_a_time_of_its_own(page, contacts, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1.0)
    page.goto(f"{URL}/")
    assert page.request.get(f"{WEB}/").ok
    assert contacts() == ("app", "door", "web")
"""


UNRETURNED = """
import pytest
from playwright.sync_api import Error

URL = "https://app.stack.local"
LINK = "url => { const a = document.createElement('a'); a.href = url; a.download = ''; a.click() }"
SOCKET = "url => new Promise(done => new WebSocket(url).onmessage = event => done(event.data))"


@pytest.mark.parametrize(("path", "touched"), [("/status/404", ("app", "door")), ("/own", ("door",))])
def test_a_status_that_is_an_error(page, contacts, path, touched):
    page.goto(f"{URL}/own")
    with pytest.raises(Error):
        page.request.get(f"{URL}{path}", fail_on_status_code=True)
        raise Error("no error")
    assert contacts() == touched


def test_the_last_status_counts(playwright, contacts):
    context = playwright.request.new_context()
    with pytest.raises(Error, match="502"):
        context.get(f"{URL}/redirect/status/502", fail_on_status_code=True)
    context.dispose()
    assert contacts() == ("door",)


@pytest.mark.parametrize(("path", "touched"), [
    ("/file", ("app", "door")), ("/status/404", ("door",)), ("/own", ("door",)),
])
def test_a_link_that_downloads(page, contacts, path, touched):
    page.goto(f"{URL}/own")
    with page.expect_download() as download:
        page.evaluate(LINK, f"{URL}{path}")
    download.value.failure()
    assert contacts() == touched


def test_a_download_that_the_page_made_up(page, contacts):
    page.goto(f"{URL}/own")
    with page.expect_download() as download:
        page.evaluate(f"({LINK})(URL.createObjectURL(new Blob(['x'])))")
    assert download.value.failure() is None
    assert contacts() == ("door",)


def test_a_download_that_the_test_made_up(page, contacts):
    page.goto(f"{URL}/own")
    headers = {"Content-Disposition": "attachment"}
    page.route("**/file", lambda route: route.fulfill(body="x", headers=headers))
    with page.expect_download() as download:
        page.evaluate("url => { location = url }", f"{URL}/file")
    download.value.failure()
    assert contacts() == ("door",)


@pytest.mark.parametrize("path", ["/socket", "/own"])
def test_a_websocket(page, contacts, path):
    page.goto(f"{URL}/own")
    assert page.evaluate(SOCKET, f"wss://app.stack.local{path}") == "hello"
    assert contacts() == (("app", "door") if path == "/socket" else ("door",))


def test_a_websocket_that_the_test_made_up(page, contacts):
    page.goto(f"{URL}/own")
    page.route_web_socket("**/*", lambda server: server.send("hello"))
    page.reload()
    assert page.evaluate(SOCKET, "wss://app.stack.local/socket") == "hello"
    assert contacts() == ("door",)
"""


def test_answers_without_a_response_are_noted(suite: Any) -> None:
    suite(UNRETURNED, passed=11)


@pytest.mark.case("field/b27", "freshness/c10-mocked-answers", "hard/C4-mocked-answer-earns-credit")
def test_answers_that_a_test_makes_up_are_nobodys(suite: Any) -> None:
    suite(MADE_UP, passed=15)


CACHED = (
    KEPT_CONTEXT
    + """

def test_the_first_visit_is_real(shared, contacts):
    shared.goto(f"{URL}/cached/a")
    assert contacts() == ("app", "door")


@pytest.mark.parametrize("again", range(10))
def test_the_second_comes_from_the_cache(shared, contacts, again):
    shared.goto("about:blank")
    assert shared.goto(f"{URL}/cached/a").status == 200
    assert contacts() == ()


def test_the_third_is_real_again(shared, contacts):
    shared.goto(f"{URL}/b")
    assert contacts() == ("app", "door")


def test_another_service_at_the_same_address(shared, contacts):
    shared.goto(f"{WEB}/cached/a")
    assert contacts() == ("web",)


def test_its_answer_is_not_taken_for_the_cached_one(shared, contacts):
    shared.goto(f"{APP}/b")
    shared.goto(f"{WEB}/cached/a")
    assert contacts() == ("app",)


def test_a_redirect_is_real_once(shared, contacts):
    shared.goto(f"{URL}/redirect/c")
    assert contacts() == ("app", "door")


def test_many_real_answers_at_once(shared, contacts):
    shared.goto(f"{URL}/b")
    shared.evaluate("Promise.all([...Array(30).keys()].map(n => fetch('/n' + n)))")
    shared.goto(f"{WEB}/b")
    assert contacts() == ("app", "door", "web")
"""
)


def test_what_the_browsers_cache_answers_is_nobodys(suite: Any) -> None:
    suite(CACHED, passed=16)


STREAMED = """
import pytest


@pytest.fixture(scope="module")
def shared(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_page(shared):
    shared.goto(f"{WEB}/")


def test_an_answer_that_does_not_end(shared):
    # Its headers come, its body never does.
    shared.evaluate("fetch('/endless').then(response => response.status)")


def test_was_counted_when_its_test_ended(request):
    from stacktest.pytest_plugin.contacts import touched

    endless = request.session.items[1]
    assert endless.name.startswith("test_an_answer")
    assert touched(endless) == ("web",)
"""


def test_an_answer_that_does_not_end_is_counted_when_its_test_ends(suite: Any) -> None:
    suite(STREAMED, passed=3)


EVERYWHERE = """
import pytest
from playwright.sync_api import Error

URL = "https://app.stack.local"


def test_new_page(browser, contacts):
    page = browser.new_page()
    page.goto(f"{URL}/")
    page.context.close()
    assert contacts() == ("app", "door")


def test_new_context(browser, contacts):
    context = browser.new_context()
    context.new_page().goto(f"{URL}/")
    context.close()
    assert contacts() == ("app", "door")


def test_request_of_a_new_context(browser, contacts):
    context = browser.new_context()
    assert context.request.get(f"{URL}/").ok
    context.close()
    assert contacts() == ("app", "door")


@pytest.mark.parametrize("options", [{}, {"proxy": None}])
def test_requests_of_the_driver(playwright, contacts, options):
    requests = playwright.request.new_context(base_url=URL, **options)
    assert requests.get("/x").text() == "GET app.stack.local /x"
    requests.dispose()
    assert contacts() == ("app", "door")


def test_a_browser_of_ones_own(playwright, contacts):
    browser = playwright.chromium.launch()
    browser.new_page().goto(f"{URL}/")
    browser.close()
    assert contacts() == ("app", "door")


def test_a_persistent_context(playwright, contacts, tmp_path):
    context = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"))
    context.new_page().goto(f"{URL}/")
    context.close()
    assert contacts() == ("app", "door")


def test_a_published_port(page, contacts):
    page.goto(f"{WEB}/")
    assert page.inner_text("body").endswith("/")
    assert page.request.get(WEB.replace("127.0.0.1", "localhost")).ok
    assert contacts() == ("web",)


def test_a_window_that_a_page_opens(page, contacts):
    page.goto(f"{WEB}/")
    with page.expect_popup() as opened:
        page.evaluate(f"window.open('{URL}/') && null")
    opened.value.wait_for_load_state()
    assert contacts() == ("app", "door", "web")


def test_the_host_header_decides(page, contacts):
    page.request.get(f"{URL}/", headers={"Host": "other.stack.local"})
    assert contacts() == ("door",)


HOST = {"Host": "other.stack.local"}


def test_the_host_header_of_all_requests_decides(playwright, browser, contacts):
    requests = playwright.request.new_context(base_url=URL, extra_http_headers=HOST)
    requests.get("/x")
    requests.dispose()
    context = browser.new_context(extra_http_headers=HOST)
    context.request.get(f"{URL}/x")
    assert contacts() == ("door",)
    context.set_extra_http_headers({})
    context.request.get(f"{URL}/x")
    context.close()
    assert contacts() == ("app", "door")


def test_a_refused_host_says_why(browser, playwright, tmp_path):
    page = browser.new_page()
    kept = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"))
    with pytest.raises(Error, match="stacktest: 'elsewhere.example' is not a host name"):
        kept.pages[0].goto("https://elsewhere.example/")
    kept.close()
    for url in ("http://elsewhere.example/", "https://elsewhere.example/"):
        with pytest.raises(Error, match="'elsewhere.example' is not a host name of this stack"):
            page.goto(url)
    page.context.close()
"""


@pytest.mark.case("field/b26", "field/c25", "freshness/a09-contact-not-noted")
def test_whatever_playwright_makes_knows_the_stack(suite: Any) -> None:
    suite(EVERYWHERE, passed=12)


WEAKENED = """
import pytest

from stacktest.errors import UsageError

URL = "https://app.stack.local:1001/"  # its certificate is by an unknown CA


def test_request(page, contacts):
    for method in ("get", "post", "fetch", "head"):
        with pytest.raises(UsageError, match="ignore_https_errors"):
            getattr(page.request, method)(URL, ignore_https_errors=True)
    assert contacts() == ()


@pytest.mark.parametrize("make", ["new_context", "new_page"])
@pytest.mark.parametrize("options", [
    {"ignore_https_errors": True},
    {"client_certificates": [{"origin": "https://x.test", "certPath": "a", "keyPath": "b"}]},
    {"proxy": {"server": "http://127.0.0.1:9"}},
])
def test_browser(browser, make, options):
    with pytest.raises(UsageError, match=next(iter(options))):
        getattr(browser, make)(**options)


def test_driver(playwright):
    with pytest.raises(UsageError, match="ignore_https_errors"):
        playwright.request.new_context(ignore_https_errors=True)


def test_launch(playwright, tmp_path):
    arguments = ["--ignore-certificate-errors"]
    with pytest.raises(UsageError, match="ignore-certificate-errors"):
        playwright.chromium.launch(args=arguments)
    with pytest.raises(UsageError, match="ignore-certificate-errors"):
        playwright.chromium.launch_persistent_context(str(tmp_path), args=arguments)
    with pytest.raises(UsageError, match="ignore_https_errors"):
        playwright.chromium.launch_persistent_context(str(tmp_path), ignore_https_errors=True)


def test_commands(page):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    with pytest.raises(UsageError, match="setIgnoreCertificateErrors"):
        session.send("Security.setIgnoreCertificateErrors", {"ignore": True})
"""


@pytest.mark.case("hard/C1-request-ignores-certificate", "hard/C2-browser-new-context-weakens")
def test_what_weakens_tls_is_refused_by_name(suite: Any) -> None:
    suite(WEAKENED, passed=10)


UNNAMED = """
import os
import re
import signal
import subprocess

import httpx
import pytest
from playwright.sync_api import Browser, CDPSession, Error

from stacktest.adapters.browser.chromium import find_chromium
from stacktest.errors import UsageError

URL = "https://app.stack.local:1001/"  # its certificate is by an unknown CA
SHOWN = "GET app.stack.local:1001 /"
PROGRAM = find_chromium(headless=True)
ROOT = [] if os.geteuid() else ["--no-sandbox"]


def load(page, url=URL):
    # A browser that the test starts shares this machine's network: containers of others change it.
    while True:
        try:
            return page.goto(url)
        except Error as error:
            if "ERR_NETWORK_CHANGED" not in error.message:
                raise


def refused(page, contacts):
    # The browser took the certificate: what it shows is nobody's answer.
    with pytest.raises(UsageError, match="the certificate of app.stack.local:1001 is refused"):
        load(page)
    assert page.inner_text("body") == SHOWN
    page.evaluate("location.reload()")
    page.wait_for_load_state("networkidle")
    page.evaluate(f"fetch('{URL}x').then(response => response.text())")
    return contacts() == ()


def test_a_wrapper_around_the_browser(playwright, contacts, tmp_path):
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\\nexec {PROGRAM} --ignore-certificate-errors "$@"\\n')
    script.chmod(0o755)
    browser = playwright.chromium.launch(executable_path=str(script))
    assert refused(browser.new_page(), contacts)
    browser.close()


@pytest.fixture
def start(tmp_path):
    # Starts a browser with arguments; the address at which it is debugged.
    running = []

    def endpoint(*arguments):
        argv = [PROGRAM, "--headless", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", *ROOT]
        # A group of its own: the program may be a script that runs another one.
        options = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        running.append(subprocess.Popen([*argv, *arguments], **options))
        lines = (re.search(r"listening on (ws://\\S+)", line) for line in running[-1].stderr)
        return next(match[1] for match in lines if match)

    yield endpoint
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        with process:
            pass


def test_a_browser_with_a_way_of_its_own(playwright, contacts, start):
    port = WEB.rpartition(":")[2]
    rules = f"--host-resolver-rules=MAP app.stack.local 127.0.0.1:{port}"
    browser = playwright.chromium.connect_over_cdp(start(rules))
    page = browser.new_context().new_page()
    load(page, "http://app.stack.local/x")
    assert page.inner_text("body") == "GET app.stack.local /x"
    load(page, f"{WEB}/x")
    assert contacts() == ()
    browser.close()


def test_a_browser_that_runs_already(playwright, contacts, start, browser_proxy):
    weak = ("--ignore-certificate-errors", f"--proxy-server={browser_proxy.url}")
    browser = playwright.chromium.connect_over_cdp(start(*weak))
    assert refused(browser.new_context().new_page(), contacts)
    assert browser.contexts
    load(browser.contexts[0].new_page())
    assert contacts() == ()
    browser.close()


def test_methods_of_the_class(browser, contacts):
    context = Browser.new_context(browser, ignore_https_errors=True)
    page = context.new_page()
    page.goto(URL)
    assert page.inner_text("body") == SHOWN
    assert context.request.get(URL).text() == SHOWN
    assert contacts() == ()
    context.close()


def test_commands_by_the_class(page, contacts):
    session = page.context.new_cdp_session(page)
    CDPSession.send(session, "Security.setIgnoreCertificateErrors", {"ignore": True})
    assert refused(page, contacts)


def test_clients_of_ones_own(browser_proxy, contacts):
    with httpx.Client(verify=False, proxy=browser_proxy.url) as client:
        assert client.get(URL).text == SHOWN
    assert contacts() == ()
"""


@pytest.mark.case("hard/C2-browser-new-context-weakens")
def test_a_browser_that_was_talked_into_a_certificate_earns_nothing(suite: Any) -> None:
    """By ways that no option shows: what counts is whether the CA stands for the server."""
    suite(UNNAMED, passed=6)


ASYNCHRONOUS = """
import asyncio

from playwright.async_api import async_playwright

from stacktest.adapters.browser.chromium import find_chromium

URL = "https://app.stack.local:1001/"


def test_asynchronous_playwright_is_nobodys_fixture(browser_proxy, contacts):
    async def ask():
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_chromium(headless=True),
                proxy={"server": browser_proxy.url},
                args=["--ignore-certificate-errors", "--no-sandbox"],
            )
            context = await browser.new_context(ignore_https_errors=True)
            page = await context.new_page()
            await page.goto(URL)
            text = await page.inner_text("body")
            again = await (await context.request.get(URL)).text()
            await browser.close()
            return text, again

    assert asyncio.run(ask()) == ("GET app.stack.local:1001 /",) * 2
    assert contacts() == ()
"""


def test_what_is_launched_without_the_fixtures_earns_nothing(suite: Any) -> None:
    suite(ASYNCHRONOUS, passed=1)


OVERRIDDEN = """
import pytest


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "args": [*browser_type_launch_args["args"], ARGUMENT]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, **OPTIONS}


def test_it(page, contacts):
    page.goto("https://app.stack.local/")
    assert contacts() == ("app", "door")
"""


@pytest.mark.parametrize(
    ("argument", "options", "refusal"),
    [
        ("--mute-audio", {"locale": "de-DE"}, ""),
        ("--ignore-certificate-errors", {}, "the browser option --ignore-certificate-errors"),
        ("-allow-insecure-localhost", {}, "the browser option -allow-insecure-localhost"),
        ("--mute-audio", {"ignore_https_errors": True}, "the browser option ignore_https_errors"),
    ],
)
def test_fixtures_that_a_suite_overrides(
    suite: Any, argument: str, options: dict[str, Any], refusal: str
) -> None:
    source = f"ARGUMENT = {argument!r}\nOPTIONS = {options!r}\n" + OVERRIDDEN
    outcome = suite(source, **({"errors": 1} if refusal else {"passed": 1}))
    if refusal:
        outcome.stdout.fnmatch_lines([f"*{refusal}*"])


REQUESTED = """
import pytest
from playwright.sync_api import Error

URL = "https://app.stack.local:1001/"


def test_what_the_shell_says_does_not_matter(page, playwright, contacts):
    for requests in (page.request, playwright.request.new_context()):
        with pytest.raises(Error, match="certificate"):
            requests.get(URL)
        assert requests.get("https://app.stack.local/").ok
    assert contacts() == ("app", "door")
"""


def test_a_shell_that_switches_nodes_verification_off(
    suite: Any, monkeypatch: pytest.MonkeyPatch, pki: Pki
) -> None:
    monkeypatch.setenv("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    monkeypatch.setenv("NODE_OPTIONS", "--use-openssl-ca")
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.other_ca))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    suite(REQUESTED, passed=1)
