"""What a recorder wrote, as a suite: whole, with every kind of secret that a person types."""

import ast

import pytest

from stacktest.errors import UsageError
from stacktest.init.recorded_suite import RecordedSuite, TypedPerson, recorded_suite

ADMIN = TypedPerson(role="admin", user="admin", password="hunter2-hunter2")
HEAD = "import re\nfrom playwright.sync_api import Page, expect\n\n\ndef test_example(page: Page) -> None:\n"


def suite_of(
    *steps: str, people: tuple[TypedPerson, ...] = (ADMIN,), secrets: tuple[str, ...] = ()
) -> RecordedSuite:
    code = HEAD + "".join(f"    {step}\n" for step in steps)
    site = "https://wiki.home.lan"
    suite = recorded_suite(code, service="wiki", site=site, people=people, secrets=secrets)
    ast.parse(suite.text)
    return suite


def test_a_recording_becomes_a_whole_suite() -> None:
    suite = suite_of(
        'page.goto("https://wiki.home.lan/login?next=/")',
        'page.get_by_role("textbox", name="User").fill("admin")',
        'page.get_by_role("textbox", name="Password").fill("hunter2-hunter2")',
        'page.get_by_placeholder("Search").fill("grüße")',
        'expect(page).to_have_url(re.compile(r".*/home"))',
        'expect(page.get_by_text("Welcome, admin")).to_be_visible()',
    )
    assert (
        suite.text
        == '''\
"""wiki works when a person can do what was recorded here."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.service("wiki")

SITE = "https://wiki.home.lan"


def test_a_person_does_what_was_recorded(page, person):
    page.goto(f"{SITE}/login?next=/")
    page.get_by_role("textbox", name="User").fill(person("admin").user)
    page.get_by_role("textbox", name="Password").fill(person("admin").password)
    page.get_by_placeholder("Search").fill("grüße")
    expect(page).to_have_url(re.compile(r".*/home"))
    expect(page.get_by_text("Welcome, admin")).to_be_visible()
'''
    )
    assert (suite.missing, suite.has_check) == ((), True)
    assert suite.kept == ('get_by_placeholder("Search")',)


def test_a_recording_that_checks_nothing_fails_until_somebody_says_what_is_to_be_seen() -> None:
    suite = suite_of('page.goto("https://wiki.home.lan/")')
    assert (
        suite.text
        == '''\
"""wiki works when a person can do what was recorded here."""

import pytest

pytestmark = pytest.mark.service("wiki")

SITE = "https://wiki.home.lan"


def test_a_person_does_what_was_recorded(page):
    page.goto(f"{SITE}/")
    pytest.fail("write what only this program shows now: expect(page.get_by_text(…)).to_be_visible()")
'''
    )
    assert not suite.has_check


@pytest.mark.parametrize(
    "step",
    [
        'page.get_by_role("textbox", name="Password").fill("canary")',
        'page.get_by_label("Passwort").fill("canary")',
        'page.get_by_placeholder("Mot de passe").fill("canary")',
        'page.locator("input[name=\\"api_key\\"]").fill("canary")',
        'page.locator("#token").press_sequentially("canary")',
        'page.get_by_role("textbox", name="One-time code").type("canary")',
        'page.locator("iframe").content_frame.get_by_label("PIN").fill("canary")',
    ],
)
def test_what_is_typed_into_a_field_for_secrets_becomes_a_person(step: str) -> None:
    suite = suite_of(step)
    assert "canary" not in suite.text
    assert '("wiki").password)' in suite.text
    assert suite.missing == ("wiki",)


def test_what_looks_generated_is_a_secret_in_any_field() -> None:
    suite = suite_of(
        'page.get_by_label("Geheimwort-Feld 2").fill("x")', 'page.locator("#p").fill("qX9vWk2pLm")'
    )
    assert "qX9vWk2pLm" not in suite.text
    assert suite.missing == ("wiki", "wiki-2")


@pytest.mark.parametrize(
    "text", ["me@Example2.org", "2026-11-29 10:00", "https://a.B/1", "My 2nd Note", "dashboard-1"]
)
def test_ordinary_texts_stay(text: str) -> None:
    suite = suite_of(f'page.get_by_label("Title").fill("{text}")')
    assert f'.fill("{text}")' in suite.text
    assert suite.missing == ()


def test_a_secret_of_the_stack_stands_nowhere() -> None:
    suite = suite_of(
        'page.goto("https://wiki.home.lan/open?token=canary-one")',
        'page.get_by_text("the canary-two is shown").click()',
        'page.get_by_label("Anything").fill("canary-two")',
        'page.get_by_text("canary-two", exact=True).click()',
        secrets=("canary-one", "canary-two"),
    )
    assert "canary" not in suite.text
    assert suite.missing == ("wiki",)


def test_a_password_that_is_a_usual_word_hides_no_other_word() -> None:
    suite = suite_of(
        'page.get_by_label("User").fill("wiki")',
        'page.get_by_label("Password").fill("wiki")',
        'page.get_by_text("wiki").click()',
        people=(),
    )
    assert '.mark.service("wiki")' in suite.text
    assert 'get_by_label("User").fill("wiki")' in suite.text
    assert 'get_by_label("Password").fill(person("wiki").password)' in suite.text
    assert 'get_by_text("wiki").click()' in suite.text


@pytest.mark.parametrize(
    ("code", "what"),
    [(HEAD + "    pass\n", "nothing was recorded"), ("", "nothing"), ("def (", "not Python")],
)
def test_what_is_not_a_recording_is_refused(code: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        recorded_suite(code, service="wiki", site="https://wiki.home.lan")
