"""Adminer works when a person can sign in to a database with it, and a stranger cannot.

Its sign-in form itself holds the word "Database", so only what comes after it counts.
"""

from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from fixtures.identity import Identity, verify_identity
from fixtures.people import NOBODY, secret
from fixtures.typed import Api
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("adminer")

IDENTITY = Identity(host="adminer.stack.local", path="/", marker="<title>Login - Adminer</title>")


def do_sign_in(
    page: Page,
    *,
    user: Any,
    password: Any,
    database: Any = "",
    system: Any = "server",
    server: Any = "mariadb",
) -> Response:
    page.goto("https://adminer.stack.local/")
    page.select_option('select[name="auth[driver]"]', system)
    page.fill('input[name="auth[server]"]', server)
    page.fill('input[name="auth[username]"]', user)
    page.fill('input[name="auth[password]"]', password)
    page.fill('input[name="auth[db]"]', database)
    with page.expect_navigation() as answer:
        page.click('input[type=submit][value="Login"]')
    return answer.value


def test_the_front_door_leads_to_adminer(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(page: Page, stack: RunningStack) -> None:
    page.goto("https://adminer.stack.local/")
    verify_version(page.locator("span.version").inner_text(), stack, "adminer")


def test_the_sign_in_form_is_complete(page: Page) -> None:
    page.goto("https://adminer.stack.local/")
    expect(page).to_have_title("Login - Adminer")
    expect(page.locator('select[name="auth[driver]"]')).to_have_value("server")
    expect(page.locator('input[name="auth[server]"]')).to_have_value("mariadb")
    expect(page.locator('input[name="auth[username]"]')).to_have_value("")
    expect(page.locator('input[name="auth[password]"]')).to_have_attribute("type", "password")
    expect(page.locator('input[type=submit][value="Login"]')).to_be_visible()


def test_a_person_signs_in_to_mariadb(page: Page, stack: RunningStack) -> None:
    answer = do_sign_in(page, user="stack", password=secret(stack, "mariadb", "MARIADB_PASSWORD"))
    assert answer.status == 200
    expect(page).to_have_title("Select database - mariadb - Adminer")
    expect(page.get_by_text("Logged as:")).to_be_visible()
    expect(page.locator("#logout")).to_be_visible()
    expect(page.locator("#content")).to_contain_text("MariaDB")


@pytest.mark.claim("P5.7")
def test_a_person_reads_the_seeded_rows(page: Page, stack: RunningStack) -> None:
    do_sign_in(
        page,
        user="stack",
        password=secret(stack, "mariadb", "MARIADB_PASSWORD"),
        database="stack",
    )
    page.goto("https://adminer.stack.local/?server=mariadb&username=stack&db=stack&select=metrics")
    expect(page.locator("#table tbody tr")).to_have_count(3)
    expect(page.locator("#table")).to_contain_text("memory")


def test_a_person_signs_in_to_postgresql(page: Page, stack: RunningStack) -> None:
    answer = do_sign_in(
        page,
        system="pgsql",
        server="planka-postgres",
        user="planka",
        password=secret(stack, "planka-postgres", "POSTGRES_PASSWORD"),
        database="planka",
    )
    assert answer.status == 200
    expect(page.locator("#logout")).to_be_visible()
    expect(page.locator("#breadcrumb")).to_contain_text("planka-postgres")


def test_a_person_signs_out_again(page: Page, stack: RunningStack) -> None:
    do_sign_in(page, user="stack", password=secret(stack, "mariadb", "MARIADB_PASSWORD"))
    page.click("#logout")
    expect(page.locator("#content")).to_contain_text("Logout successful.")
    expect(page.locator("#logout")).to_have_count(0)


def test_a_stranger_is_refused(page: Page) -> None:
    answer = do_sign_in(page, user=NOBODY, password="not-the-password")
    assert answer.status == 403
    expect(page.locator("div.error")).to_contain_text("Access denied")
    expect(page.locator("#logout")).to_have_count(0)


def test_a_sign_in_without_a_password_is_refused(page: Page) -> None:
    answer = do_sign_in(page, user=NOBODY, password="")
    assert answer.status == 403
    expect(page.locator("#logout")).to_have_count(0)


def test_its_answers_are_not_kept_by_the_browser(api: Api) -> None:
    response = api("adminer").get("/")
    assert response.headers["Cache-Control"] == "no-cache"
