"""Pages in a browser on another machine: the same names, trust, credit and refusals as here."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.browser.server_check import engines_of
from stacktest.core.browser_endpoint import Endpoint
from tests.support.browser_server import TOKEN, BrowserServer, browser_server
from tests.support.browser_suite import CONFTEST, GOOD_AND_BAD, KEPT_CONTEXT
from tests.support.nested_pytest import PLAIN
from tests.support.tls_servers import BAD, Pki

pytest_plugins = ["pytester"]
pytestmark = [
    pytest.mark.real_browser,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace: root only"),
]

OPTIONS = ("-q", *PLAIN, "-W", "error::pytest.PytestWarning")


@pytest.fixture(scope="module")
def server(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserServer]:
    with browser_server(tmp_path_factory.mktemp("server"), pki.ca) as server:
        yield server


@pytest.fixture
def suite(pytester: pytest.Pytester, pki: Pki, serve: Any, monkeypatch: Any) -> Any:
    """Runs test functions with a browser of the server, in a process of their own."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeconftest(CONFTEST)
    doors = {443: pki.ports["good"], 80: serve()}
    doors |= {1001 + number: pki.ports[kind] for number, kind in enumerate(BAD)}
    published = {"web": serve()}
    value = {"root": str(pytester.path), "ca": str(pki.ca), "doors": doors, "published": published}
    monkeypatch.setenv("GIVEN", json.dumps(value))

    def run(source: str, url: str, *options: str, **expected: int) -> pytest.RunResult:
        pytester.makepyfile(f"WEB = 'http://127.0.0.1:{published['web']}'\n{source}")
        outcome = pytester.runpytest_subprocess(
            *OPTIONS, f"--browser-endpoint={url}", *options, timeout=120
        )
        outcome.assert_outcomes(**expected)
        assert TOKEN not in outcome.stdout.str() + outcome.stderr.str()
        return outcome

    return run


PAGES = (
    GOOD_AND_BAD
    + """

@pytest.mark.parametrize("kind", BAD)
def test_a_bad_page_is_refused(page, kind, contacts):
    with pytest.raises(Error, match=SAID[kind]) as failure:
        page.goto(f"{URL}:{BAD[kind]}/")
    assert "does not trust the stack's CA" not in str(failure.value)
    assert contacts() == ()


def test_a_good_request_is_answered(page, contacts):
    assert page.request.get(f"{URL}/x").text() == "GET app.stack.local /x"
    assert contacts() == ("app", "door")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_request_is_refused(page, kind, contacts):
    with pytest.raises(Error, match=NODE[kind]):
        page.request.get(f"{URL}:{BAD[kind]}/")
    assert contacts() == ()


def test_published_ports_are_those_of_the_client(page, contacts):
    page.goto(f"{WEB}/x")
    assert page.inner_text("body").endswith("/x")
    assert contacts() == ("web",)


def test_other_hosts_are_out_of_reach(page, contacts):
    with pytest.raises(Error, match="'example.com' is not a host name of this stack"):
        page.goto("https://example.com/")
    with pytest.raises(UsageError, match="'example.com' is not a host name of this stack"):
        page.request.get("https://example.com/")
    assert contacts() == ()


def test_the_servers_own_loopback_is_out_of_reach(page):
    with pytest.raises(Error, match="net::ERR_"):
        page.goto("http://127.0.0.1:3000/json")


def test_what_a_test_makes_up_is_nobodys(page, contacts):
    page.route("**/*", lambda route: route.fulfill(status=200, body="made up"))
    page.goto(f"{URL}/")
    assert page.inner_text("body") == "made up"
    assert contacts() == ()


def test_a_browser_of_ones_own_is_there_too(playwright, contacts):
    browser = playwright.chromium.launch()
    page = browser.new_page()
    page.goto(f"{URL}/x")
    browser.close()
    assert contacts() == ("app", "door")


def test_options_that_weaken_the_check_are_refused(new_context, playwright):
    with pytest.raises(UsageError, match="the browser option ignore_https_errors"):
        new_context(ignore_https_errors=True)
    with pytest.raises(UsageError, match="the browser option --ignore-certificate-errors"):
        playwright.chromium.launch(args=["--ignore-certificate-errors"])


def test_persistent_contexts_start_here_only(playwright, tmp_path):
    with pytest.raises(UsageError, match="no persistent contexts"):
        playwright.chromium.launch_persistent_context(str(tmp_path))


def test_a_large_answer_arrives_whole(page):
    length = page.evaluate("() => fetch('/long', {method: 'POST', body: 'x'.repeat(3e6)}).then(a => a.text()).then(t => t.length)") if page.goto(URL) else 0
    assert length > 3e6


def test_files_come_and_go(page, tmp_path):
    page.goto(URL)
    (tmp_path / "up.txt").write_text("from here")
    page.set_content("<input type=file id=f><a id=a href='data:text/plain,there' download='d.txt'>d</a>")
    page.set_input_files("#f", tmp_path / "up.txt")
    assert page.evaluate("document.querySelector('#f').files[0].text()") == "from here"
    with page.expect_download() as download:
        page.click("#a")
    download.value.save_as(tmp_path / "down.txt")
    assert (tmp_path / "down.txt").read_text() == "there"
"""
)


def test_pages_and_requests(suite: Any, server: BrowserServer) -> None:
    suite(PAGES, server.url, passed=21)


CACHED = (
    KEPT_CONTEXT
    + """

def test_a_redirect_is_real_once(shared, contacts):
    shared.goto(f"{URL}/redirect/cached/c")
    assert contacts() == ("app", "door")


def test_its_goal_comes_from_the_cache(shared, contacts):
    shared.goto("about:blank")
    shared.goto(f"{URL}/cached/c")
    assert contacts() == ()


def test_the_clock_of_its_machine_is_known(browser):
    from stacktest.pytest_plugin.remote_browser import clock_ahead

    assert abs(clock_ahead(browser)) < 0.05
"""
)


def test_what_comes_from_a_cache_is_nobodys(suite: Any, server: BrowserServer) -> None:
    suite(CACHED, server.url, passed=3)


EVIDENCE = """
def test_it_fails(page):
    page.goto("https://app.stack.local/x")
    assert page.title() == "another"
"""


def test_evidence_is_kept_here(
    suite: Any, server: BrowserServer, pytester: pytest.Pytester
) -> None:
    kept = ("--tracing=on", "--screenshot=on", "--output=kept")
    suite(EVIDENCE, server.url, *kept, failed=1)
    files = {path.name: path for path in (pytester.path / "kept").glob("*/*")}
    assert {"trace.zip", "test-failed-1.png"} <= set(files)
    assert all(path.stat().st_size > 1000 for path in files.values())


def test_its_kinds_of_browsers_are_known(server: BrowserServer) -> None:
    engines = engines_of(Endpoint(server.url))
    assert list(engines) == ["chromium"]
    assert int(engines["chromium"].partition(".")[0]) > 100


def test_workers_have_a_browser_each(suite: Any, server: BrowserServer) -> None:
    suite(VISIT, server.url, "-n2", passed=3)


VISIT = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_a_visit(page, contacts, number):
    page.goto("https://app.stack.local/x")
    assert contacts() == ("app", "door")


def test_without_a_browser(contacts):
    assert contacts() == ()
"""


def is_one_message(outcome: pytest.RunResult, what: str, hint: str) -> None:
    """The reason and the next command, and nothing of a program's inside."""
    text = outcome.stdout.str()
    assert f"error: the browser server at {what}" in text
    assert f"hint: {hint}" in text
    assert "code: SK-BROWSER" in text
    assert "Traceback" not in text
    assert ".py:" not in text.partition("short test summary")[0]


def test_a_wrong_token(suite: Any, server: BrowserServer) -> None:
    url = server.url.replace(TOKEN, "Another-Canary-77")
    outcome = suite(VISIT, url, errors=2, passed=1)
    what = f"{server.shown} refuses the address or its token (400)"
    is_one_message(outcome, what, "compare the end of the address with the server's `--path`")
    assert "Canary" not in outcome.stdout.str()


def test_not_an_address(suite: Any) -> None:
    outcome = suite(VISIT, f"browsers:3000/{TOKEN}", errors=2, passed=1)
    assert "error: the address of the browser server is not a WebSocket" in outcome.stdout.str()
    assert "Traceback" not in outcome.stdout.str()


@pytest.mark.slow
def test_another_version(suite: Any, pki: Pki, tmp_path: Path) -> None:
    with browser_server(tmp_path, pki.ca, version="1.2.3", host="127.0.0.1") as other:
        outcome = suite(VISIT, other.url, errors=2, passed=1)
    is_one_message(
        outcome, f"{other.shown} speaks Playwright 1.2,", "pip install 'playwright==1.2.*'"
    )


def test_an_engine_that_the_server_lacks(suite: Any, server: BrowserServer) -> None:
    outcome = suite(VISIT, server.url, "--browser=firefox", errors=2, passed=1)
    hint = "on that machine: playwright install --with-deps firefox"
    is_one_message(outcome, f"{server.shown} cannot start firefox", hint)


@pytest.mark.slow
def test_a_browser_that_was_started_beforehand(suite: Any, pki: Pki, tmp_path: Path) -> None:
    with browser_server(tmp_path, pki.ca, host="127.0.0.1", beforehand=True) as other:
        outcome = suite(VISIT, other.url, errors=2, passed=1)
    what = f"{other.shown} does not let its browser use this machine's network"
    is_one_message(outcome, what, "on that machine: playwright run-server")


def test_a_server_that_does_not_trust_the_ca(suite: Any, pki: Pki, tmp_path: Path) -> None:
    with browser_server(tmp_path, None) as other:
        outcome = suite(VISIT, other.url, failed=2, passed=1)
    assert "ERR_CERT_AUTHORITY_INVALID" in outcome.stdout.str()
    assert f"{other.shown} does not trust the stack's CA" in outcome.stdout.str()


DYING = """
import os
import signal

import pytest

def test_before(page, contacts):
    page.goto("https://app.stack.local/x")
    assert contacts() == ("app", "door")


def test_meanwhile(page):
    os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
    page.goto("https://app.stack.local/x")


@pytest.mark.parametrize("number", [1, 2])
def test_after(page, number):
    page.goto("https://app.stack.local/x")


def test_without_a_browser(api):
    assert api("app").get("/").status_code == 200
"""


def test_a_server_that_dies(
    suite: Any, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with browser_server(tmp_path, pki.ca) as mortal:
        monkeypatch.setenv("SERVER", str(mortal.process))
        outcome = suite(DYING, mortal.url, "-rA", passed=2, failed=1, errors=3)
    is_one_message(outcome, f"{mortal.shown} went away while tests ran", "stacktest doctor")
