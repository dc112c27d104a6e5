"""PostgreSQL works when each of the three instances serves its one application, and no other.

The three run the same program, so one file holds what is claimed of each of them.
"""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Cursor

from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.sql import postgres, rows
from fixtures.typed import Inside, ReachFrom
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

APPLICATIONS = {
    "outline-postgres": "outline",
    "paperless-postgres": "paperless",
    "planka-postgres": "planka",
}
"""Instance → its application: role and database have that name."""


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.service(name)) for name in APPLICATIONS]
)
def instance(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def application(instance: str) -> str:
    return APPLICATIONS[instance]


@pytest.fixture
def password(stack: RunningStack, instance: str) -> str:
    return secret(stack, instance, "POSTGRES_PASSWORD")


@pytest.fixture
def database(inside: Inside, instance: str, application: str, password: str) -> Iterator[Cursor]:
    """A session of the application in its own database."""
    with postgres(inside(instance), application, password, application) as cursor:
        yield cursor


@pytest.fixture
def table(database: Cursor, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """The name of a table of this test, dropped at the end."""
    name = own_name(request, run_id)
    yield name
    database.execute(f'DROP TABLE IF EXISTS "{name}"')
    left = rows(database, "SELECT tablename FROM pg_tables WHERE tablename = %s", name)
    assert left == [], "left behind"


def test_the_program_has_the_pinned_version(
    database: Cursor, stack: RunningStack, instance: str
) -> None:
    verify_version(rows(database, "SHOW server_version")[0][0], stack, instance)


def test_what_was_written_can_be_read_back(database: Cursor, table: str) -> None:
    database.execute(f'CREATE TABLE "{table}" (id int PRIMARY KEY, text text)')
    database.execute(f"INSERT INTO \"{table}\" VALUES (1, 'one'), (2, 'zwei · два')")
    assert rows(database, f'SELECT id, text FROM "{table}" ORDER BY id') == [
        (1, "one"),
        (2, "zwei · два"),
    ]


def test_what_was_rolled_back_is_gone(database: Cursor, table: str) -> None:
    database.execute(f'CREATE TABLE "{table}" (id int)')
    database.execute("BEGIN")
    database.execute(f'INSERT INTO "{table}" VALUES (1)')
    database.execute("ROLLBACK")
    assert rows(database, f'SELECT count(*) FROM "{table}"') == [(0,)]


@pytest.mark.claim("P4.4")
def test_the_database_belongs_to_its_application(database: Cursor, application: str) -> None:
    owner = rows(
        database,
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()",
    )
    assert owner == [(application,)]


@pytest.mark.claim("P4.4")
def test_no_other_application_has_a_database_here(database: Cursor, application: str) -> None:
    databases = rows(database, "SELECT datname FROM pg_database WHERE NOT datistemplate")
    assert {name for (name,) in databases} - {"postgres"} == {application}


def test_the_application_is_no_administrator(database: Cursor) -> None:
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    said = rows(database, f"{rights} FROM pg_roles WHERE rolname = current_user")
    assert said == [(False, False, False, False, False)]


def test_text_is_stored_as_unicode(database: Cursor) -> None:
    assert rows(database, "SHOW server_encoding") == [("UTF8",)]


def test_passwords_are_never_sent_as_they_are(database: Cursor) -> None:
    assert rows(database, "SHOW password_encryption") == [("scram-sha-256",)]


def test_what_is_committed_is_on_disk(database: Cursor) -> None:
    assert rows(database, "SHOW fsync") == [("on",)]
    assert rows(database, "SHOW synchronous_commit") == [("on",)]


def test_a_stranger_is_refused(inside: Inside, instance: str, application: str) -> None:
    with (
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
        postgres(inside(instance), NOBODY, "not-the-password", application),
    ):
        pass


def test_the_applications_of_the_other_instances_are_refused(
    inside: Inside, stack: RunningStack, instance: str
) -> None:
    for other in APPLICATIONS.keys() - {instance}:
        name, password = APPLICATIONS[other], secret(stack, other, "POSTGRES_PASSWORD")
        with (
            pytest.raises(psycopg.OperationalError, match="password authentication failed"),
            postgres(inside(instance), name, password, name),
        ):
            pass


@pytest.mark.claim("P0.6")
def test_only_the_backend_has_a_way_to_the_server(
    reach_from: ReachFrom, stack: RunningStack, instance: str
) -> None:
    assert reach_from("backend", instance, 5432) == "open"
    assert reach_from("frontend", instance, 5432) == "unresolved"
    assert stack.model.services[instance].ports == ()
