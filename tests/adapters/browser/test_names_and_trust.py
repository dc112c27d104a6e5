"""Chromium and Playwright's requests against good and bad certificates, through the fixtures."""

import json
import os

import pytest

from tests.support.browser_suite import CONFTEST, GOOD_AND_BAD
from tests.support.nested_pytest import PLAIN
from tests.support.tls_servers import BAD, Pki

pytest_plugins = ["pytester"]

TESTS = (
    GOOD_AND_BAD
    + """

def test_the_bare_domain_loads(page, contacts):
    assert page.goto("https://stack.local/").status == 200
    assert contacts() == ("door",)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_page_is_refused(page, kind, contacts):
    with pytest.raises(Error, match=SAID[kind]):
        page.goto(f"{URL}:{BAD[kind]}/")
    assert contacts() == ()


def test_a_good_request_is_answered(page, contacts):
    assert page.request.get(f"{URL}/x").text() == "GET app.stack.local /x"
    assert contacts() == ("app", "door")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_request_is_refused(page, kind, contacts):
    with pytest.raises(Error, match=NODE[kind]):
        page.request.get(f"{URL}:{BAD[kind]}/")
    assert contacts() == ()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_error_is_the_door_alone(page, status, contacts):
    assert page.request.get(f"{URL}/status/{status}").status == status
    assert contacts() == ("door",)


def test_what_the_door_answers_itself_is_its_own(page, contacts):
    page.goto(f"{URL}/own")
    assert contacts() == ("door",)


def test_other_hosts_are_out_of_reach(page, contacts):
    with pytest.raises(Error, match="ERR_TUNNEL_CONNECTION_FAILED") as failure:
        page.goto("https://example.com/")
    assert "'example.com' is not a host name of this stack" in str(failure.value)
    with pytest.raises(UsageError, match="'example.com' is not a host name of this stack"):
        page.request.get("https://example.com/")
    # A page that failed to load still shows its error for a moment: the next visit takes a new one.
    other = page.context.new_page()
    with pytest.raises(Error, match="'example.com' is not a host name of this stack"):
        other.goto("http://example.com/")
    assert contacts() == ()


def test_a_port_that_the_door_lacks_is_no_answer(page, contacts):
    with pytest.raises(UsageError, match="publishes no such port"):
        page.request.get(f"{URL}:444/")
    assert contacts() == ()


def test_local_addresses_are_out_of_reach_too(page):
    with pytest.raises(Error, match="ERR_TUNNEL_CONNECTION_FAILED"):
        page.goto("https://127.0.0.1:8443/")


@pytest.mark.parametrize("option", ["ignore_https_errors", "client_certificates"])
def test_options_that_weaken_the_check_are_refused(new_context, option):
    with pytest.raises(Exception, match=f"the browser option {option}"):
        new_context(**{option: [{"origin": "https://x.test", "certPath": "a", "keyPath": "b"}]})


def test_relative_addresses_mean_the_domain(page):
    page.goto("/")
    assert page.inner_text("body") == "GET stack.local /"


def test_the_home_is_a_throw_away(browser_home, browser_type_launch_args):
    assert "scratch/browser-main" in browser_home["HOME"]
    assert browser_type_launch_args["env"]["HOME"] == browser_home["HOME"]
    assert not [a for a in browser_type_launch_args["args"] if "ignore-certificate" in a]
"""
)

MARKED = """
import pytest

@pytest.mark.browser_context_args(ignore_https_errors=True)
def test_marked(page):
    page.goto("https://app.stack.local:1001/")
"""


@pytest.fixture
def given(pytester: pytest.Pytester, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeconftest(CONFTEST)
    doors = {443: pki.ports["good"]}
    doors[1010] = pki.ports["slow"]
    doors |= {1001 + number: pki.ports[kind] for number, kind in enumerate(BAD)}
    value = {"root": str(pytester.path), "ca": str(pki.ca), "doors": doors}
    monkeypatch.setenv("GIVEN", json.dumps(value))
    # A shell that says otherwise must change nothing.
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(pki.other_ca))


@pytest.mark.real_browser
def test_pages_and_requests(
    pytester: pytest.Pytester, given: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pytest inside is no worker of the one that runs this test.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(TESTS)
    outcome = pytester.runpytest_subprocess(
        "-q", *PLAIN, "-W", "error", "--durations=6", timeout=120
    )
    outcome.assert_outcomes(passed=24)


@pytest.mark.real_browser
def test_a_marker_cannot_switch_verification_off(pytester: pytest.Pytester, given: None) -> None:
    pytester.makepyfile(MARKED)
    outcome = pytester.runpytest_subprocess("-q", *PLAIN, timeout=120)
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*the browser option ignore_https_errors*"])


@pytest.mark.real_browser
def test_with_another_ca_nothing_loads(
    pytester: pytest.Pytester, given: None, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {"root": str(pytester.path), "ca": str(pki.other_ca), "doors": {443: pki.ports["good"]}}
    monkeypatch.setenv("GIVEN", json.dumps(value))
    pytester.makepyfile(TESTS)
    outcome = pytester.runpytest_subprocess(
        "-q", *PLAIN, "-k", "test_a_good or test_the_bare", timeout=120
    )
    outcome.assert_outcomes(failed=3, deselected=21)
    outcome.stdout.fnmatch_lines(["*ERR_CERT_AUTHORITY_INVALID*"])


CHANGING = """
import subprocess
import pytest

PLAIN = {plain}
FETCH = "fetch('https://app.stack.local:1010/', {{mode: 'no-cors'}}).then(r => 'answered', e => 'broken'); 0"

if PLAIN:
    @pytest.fixture(scope="session")
    def browser_nest():
        return lambda program: program


def test_a_network_that_appears_meanwhile(page):
    assert page.goto("https://app.stack.local/").status == 200
    assert page.evaluate("navigator.onLine") is True
    page.evaluate("window.answer = " + FETCH)
    page.wait_for_timeout(300)
    name = "tnet-browser0"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "tnet-peer0"], check=True)
    try:
        subprocess.run(["ip", "address", "add", "198.51.100.7/32", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", "tnet-peer0", "up"], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        answer = page.evaluate("window.answer")
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)
    assert answer == ("broken" if PLAIN else "answered")
"""


@pytest.mark.real_browser
@pytest.mark.skipif(os.geteuid() != 0, reason="adds a network interface to the machine: root only")
@pytest.mark.parametrize("plain", [False, True])
def test_networks_that_appear_do_not_break_a_page(
    pytester: pytest.Pytester, given: None, plain: bool
) -> None:
    """The second case is the control: a browser on the machine's own network does break."""
    pytester.makepyfile(CHANGING.format(plain=plain))
    outcome = pytester.runpytest_subprocess("-q", *PLAIN, timeout=120)
    outcome.assert_outcomes(passed=1)
