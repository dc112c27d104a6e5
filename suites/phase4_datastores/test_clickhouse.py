"""ClickHouse works when its own user can make, fill, count and drop a table, and a stranger cannot.

`/ping` says only that something listens: no query engine is asked.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.typed import Api, ReachFrom
from fixtures.versions import pinned_version, verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("clickhouse")

IDENTITY = Identity(host="clickhouse.stack.local", path="/replicas_status", marker="Ok.\n")


@pytest.fixture
def password(stack: RunningStack) -> str:
    return secret(stack, "clickhouse", "CLICKHOUSE_PASSWORD")


@pytest.fixture
def refusal(stack: RunningStack) -> int:
    """The status of a refused sign-in, which newer programs tell from a missing password."""
    return 401 if pinned_version(stack, "clickhouse").startswith("18.") else 403


@pytest.fixture
def ask(api: Api, password: str) -> Any:
    """`ask("SELECT 1")`: the rows of a statement, which must succeed."""
    client = api("clickhouse", headers={"X-ClickHouse-User": "stack", "X-ClickHouse-Key": password})

    def rows(statement: Any) -> Any:
        # In the address: behind the front door, 8 of 300 statements that were sent as a body were
        # answered 200 with nothing by ClickHouse 18.16, and 0 of 300 that were sent like this.
        response = client.post("/", params={"query": statement})
        assert response.status_code == 200, response.text
        return [tuple(line.split("\t")) for line in response.text.splitlines()]

    return rows


@pytest.fixture
def table(ask: Any, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """A table of this test, dropped at the end."""
    name = own_name(request, run_id)
    ask(f"CREATE TABLE {name} (id UInt32, text String) ENGINE = MergeTree() ORDER BY id")
    yield name
    ask(f"DROP TABLE IF EXISTS {name}")
    assert ask(f"EXISTS TABLE {name}") == [("0",)], "left behind"


def test_the_front_door_leads_to_clickhouse(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_it_listens(api: Api) -> None:
    response = api("clickhouse").get("/ping")
    assert response.status_code == 200
    assert response.text == "Ok.\n"


def test_the_program_has_the_pinned_version(ask: Any, stack: RunningStack) -> None:
    verify_version(ask("SELECT version()")[0][0], stack, "clickhouse")


def test_it_computes(ask: Any) -> None:
    assert ask("SELECT sum(number) FROM numbers(101)") == [("5050",)]


def test_what_was_written_can_be_read_back(ask: Any, table: str) -> None:
    assert ask(f"INSERT INTO {table} VALUES (1, 'one'), (2, 'zwei · два')") == []
    assert ask(f"SELECT id, text FROM {table} ORDER BY id") == [("1", "one"), ("2", "zwei · два")]


@pytest.mark.claim("P4.2")
def test_rows_are_counted(ask: Any, table: str) -> None:
    ask(f"INSERT INTO {table} SELECT number, toString(number) FROM numbers(1000)")
    assert ask(f"SELECT count(), max(id) FROM {table}") == [("1000", "999")]


def test_a_stranger_is_refused(api: Api, refusal: int) -> None:
    headers = {"X-ClickHouse-User": NOBODY, "X-ClickHouse-Key": "not-the-password"}
    refused = api("clickhouse", headers=headers).post("/", params={"query": "SELECT 1"})
    assert refused.status_code == refusal
    assert NOBODY in refused.text


def test_who_gives_no_name_is_refused(api: Api, refusal: int) -> None:
    refused = api("clickhouse").post("/", params={"query": "SELECT 1"})
    assert refused.status_code == refusal


def test_a_mistake_is_named(api: Api, password: str) -> None:
    headers = {"X-ClickHouse-User": "stack", "X-ClickHouse-Key": password}
    refused = api("clickhouse", headers=headers).post("/", params={"query": "SELECT FROM nowhere"})
    assert refused.status_code == 400
    assert "Syntax error" in refused.text


def test_no_port_of_it_is_published(stack: RunningStack, reach_from: ReachFrom) -> None:
    assert reach_from("backend", "clickhouse", 8123) == "open"
    assert stack.model.services["clickhouse"].ports == ()
