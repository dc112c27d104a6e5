"""MariaDB works when each application can write to its own database over TCP, and to no other.

A socket ping lies while the server initialises itself, so everything here goes over the network.
"""

from collections.abc import Iterator

import pymysql
import pytest
from pymysql.cursors import Cursor

from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.sql import ACCESS_DENIED, DATABASE_DENIED, mariadb, rows
from fixtures.typed import Inside, ReachFrom
from fixtures.versions import verify_version
from stacktest.adapters.network.service_access import ServiceAccess
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("mariadb")

ACCOUNTS = {
    "stack": "MARIADB_PASSWORD",
    "nextcloud": "MARIADB_PASSWORD_NEXTCLOUD",
    "vaultwarden": "MARIADB_PASSWORD_VAULTWARDEN",
}
"""Application (its user and its database have the same name) → where its password is written."""


@pytest.fixture
def server(inside: Inside) -> ServiceAccess:
    return inside("mariadb")


@pytest.fixture
def database(server: ServiceAccess, stack: RunningStack) -> Iterator[Cursor]:
    """A session in the stack's own database."""
    with mariadb(server, "stack", secret(stack, "mariadb", ACCOUNTS["stack"]), "stack") as cursor:
        yield cursor


@pytest.fixture
def table(database: Cursor, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """The name of a table of this test, dropped at the end."""
    name = own_name(request, run_id)
    yield name
    database.execute(f"DROP TABLE IF EXISTS {name}")
    assert rows(database, "SHOW TABLES LIKE %s", name) == [], "left behind"


def test_the_program_has_the_pinned_version(database: Cursor, stack: RunningStack) -> None:
    verify_version(rows(database, "SELECT VERSION()")[0][0], stack, "mariadb")


def test_what_was_written_can_be_read_back(database: Cursor, table: str) -> None:
    database.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, text VARCHAR(40))")
    assert database.execute(f"INSERT INTO {table} VALUES (1, 'one'), (2, 'zwei · два')") == 2
    assert rows(database, f"SELECT id, text FROM {table} ORDER BY id") == [
        (1, "one"),
        (2, "zwei · два"),
    ]


def test_what_was_rolled_back_is_gone(database: Cursor, table: str) -> None:
    database.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY) ENGINE=InnoDB")
    database.execute("START TRANSACTION")
    database.execute(f"INSERT INTO {table} VALUES (1)")
    database.execute("ROLLBACK")
    assert rows(database, f"SELECT count(*) FROM {table}") == [(0,)]


@pytest.mark.claim("P4.6")
def test_the_seeded_measurements_are_there(database: Cursor) -> None:
    assert rows(database, "SELECT id, name FROM metrics ORDER BY id") == [
        (1, "cpu"),
        (2, "memory"),
        (3, "disk"),
    ]


def test_the_seeded_events_are_there(database: Cursor) -> None:
    assert rows(database, "SELECT kind FROM events ORDER BY id") == [("deploy",), ("backup",)]


@pytest.mark.claim("P4.1")
@pytest.mark.parametrize("application", ACCOUNTS)
def test_the_application_can_write_to_its_own_database(
    server: ServiceAccess,
    stack: RunningStack,
    application: str,
    request: pytest.FixtureRequest,
    run_id: str,
) -> None:
    password = secret(stack, "mariadb", ACCOUNTS[application])
    name = own_name(request, run_id)
    with mariadb(server, application, password, application) as cursor:
        cursor.execute(f"CREATE TABLE {name} (id INT)")
        try:
            assert cursor.execute(f"INSERT INTO {name} VALUES (7)") == 1
        finally:
            cursor.execute(f"DROP TABLE {name}")


@pytest.mark.parametrize("application", ACCOUNTS)
def test_the_application_sees_no_database_of_another(
    server: ServiceAccess, stack: RunningStack, application: str
) -> None:
    password = secret(stack, "mariadb", ACCOUNTS[application])
    with mariadb(server, application, password, application) as cursor:
        visible = {name for (name,) in rows(cursor, "SHOW DATABASES")}
    assert visible == {"information_schema", application}


def test_an_application_cannot_enter_the_database_of_another(
    server: ServiceAccess, stack: RunningStack
) -> None:
    password = secret(stack, "mariadb", ACCOUNTS["nextcloud"])
    with (
        pytest.raises(pymysql.OperationalError) as refused,
        mariadb(server, "nextcloud", password, "vaultwarden"),
    ):
        pass
    assert refused.value.args[0] == DATABASE_DENIED


def test_a_stranger_is_refused(server: ServiceAccess) -> None:
    with (
        pytest.raises(pymysql.OperationalError) as refused,
        mariadb(server, NOBODY, "not-the-password", "stack"),
    ):
        pass
    assert refused.value.args[0] == ACCESS_DENIED


def test_the_administrator_cannot_come_over_the_network(
    server: ServiceAccess, stack: RunningStack
) -> None:
    with (
        pytest.raises(pymysql.OperationalError) as refused,
        mariadb(server, "root", secret(stack, "mariadb", "MARIADB_ROOT_PASSWORD"), "mysql"),
    ):
        pass
    assert refused.value.args[0] == ACCESS_DENIED


@pytest.mark.claim("P0.6")
def test_only_the_backend_has_a_way_to_the_server(
    reach_from: ReachFrom, stack: RunningStack
) -> None:
    assert reach_from("backend", "mariadb", 3306) == "open"
    assert reach_from("frontend", "mariadb", 3306) == "unresolved"
    assert stack.model.services["mariadb"].ports == ()
