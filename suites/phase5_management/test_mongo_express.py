"""mongo-express works when, after its password, it shows the databases that MongoDB really has."""

import httpx
import pytest
from playwright.sync_api import expect

from fixtures.identity import Identity, verify_identity
from fixtures.people import NOBODY, secret
from fixtures.typed import Api, NewContext
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("mongo-express")

IDENTITY = Identity(
    host="mongo-express.stack.local",
    path="/",
    marker='Basic realm="Authorization Required"',
    status=401,
    header="WWW-Authenticate",
)


WHOLE = 5.0
"""Seconds until a page is whole: mongo-express empties its list of databases at each request, and
meanwhile another page lacks some of them, or leads back home."""


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "mongo-express", "ME_CONFIG_BASICAUTH_PASSWORD")


@pytest.fixture
def express(api: Api, password: str) -> httpx.Client:
    """A client that gives name and password."""
    return api("mongo-express", auth=("admin", password))


def verify_shows(express: httpx.Client, path: str, part: str) -> None:
    """The page is whole within the time that it may take, and has the part."""
    for attempt in within(WHOLE):
        with attempt:
            assert part in express.get(path).text


def test_the_front_door_leads_to_mongo_express(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_who_gives_no_password_is_refused(api: Api) -> None:
    response = api("mongo-express").get("/")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_stranger_is_refused(api: Api) -> None:
    refused = api("mongo-express", auth=(NOBODY, "not-the-password")).get("/")
    assert refused.status_code == 401


def test_the_home_page_opens(express: httpx.Client) -> None:
    response = express.get("/")
    assert response.status_code == 200
    assert "<title>Home - Mongo Express</title>" in response.text


def test_it_shows_the_databases_of_mongodb(express: httpx.Client) -> None:
    verify_shows(express, "/", 'db/stack/"')


def test_it_shows_the_seeded_collections(express: httpx.Client) -> None:
    for collection in ("documents", "logs"):
        verify_shows(express, "/db/stack/", f'db/stack/{collection}"')


@pytest.mark.claim("P5.7")
def test_it_shows_a_seeded_document(express: httpx.Client) -> None:
    verify_shows(express, "/db/stack/documents", "Welcome")


def test_a_person_finds_the_document(new_context: NewContext, password: str) -> None:
    context = new_context(http_credentials={"username": "admin", "password": password})
    page = context.new_page()
    for attempt in within(WHOLE):
        with attempt:
            page.goto("https://mongo-express.stack.local/db/stack/documents")
            expect(page.get_by_text("Welcome")).to_be_visible(timeout=2_000)
