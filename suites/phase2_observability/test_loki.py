"""Loki works when a line that was pushed can be found again, and nonsense is refused.

Nothing can be deleted from it, so every test pushes under a label of its own.
"""

import time
from typing import Any

import httpx
import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.own import own_name
from fixtures.typed import Api
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("loki")

IDENTITY = Identity(host="loki.stack.local", path="/ready", marker="ready\n")
PUSH, RANGE = "/loki/api/v1/push", "/loki/api/v1/query_range"


@pytest.fixture
def loki(api: Api) -> httpx.Client:
    return api("loki")


@pytest.fixture
def label(request: pytest.FixtureRequest, run_id: str) -> str:
    """A label value of this test."""
    return own_name(request, run_id)


def do_push(
    loki: httpx.Client, label: str, *lines: Any, moment: Any = None, **labels: Any
) -> httpx.Response:
    first = time.time_ns() if moment is None else moment
    values = [[str(first + number), line] for number, line in enumerate(lines)]
    stream = {"stream": {"stacktest": label, **labels}, "values": values}
    return loki.post(PUSH, json={"streams": [stream]})


def do_find(loki: httpx.Client, query: str) -> Any:
    response = loki.get(RANGE, params={"query": query, "direction": "forward"})
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    assert data["resultType"] == "streams"
    return data["result"]


def test_the_front_door_leads_to_loki(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_the_program_has_the_pinned_version(loki: httpx.Client, stack: RunningStack) -> None:
    said = loki.get("/loki/api/v1/status/buildinfo").json()["version"]
    verify_version(said, stack, "loki")


def test_a_pushed_line_is_found(loki: httpx.Client, label: str) -> None:
    assert do_push(loki, label, "hello · привет").status_code == 204
    for attempt in within(15):
        with attempt:
            found = [
                line for s in do_find(loki, f'{{stacktest="{label}"}}') for _, line in s["values"]
            ]
            assert found == ["hello · привет"]


def test_lines_keep_their_order(loki: httpx.Client, label: str) -> None:
    assert do_push(loki, label, "first", "second", "third").status_code == 204
    for attempt in within(15):
        with attempt:
            found = [
                line for s in do_find(loki, f'{{stacktest="{label}"}}') for _, line in s["values"]
            ]
            assert found == ["first", "second", "third"]


def test_a_filter_finds_only_what_fits(loki: httpx.Client, label: str) -> None:
    assert do_push(loki, label, "a good day", "a bad day").status_code == 204
    for attempt in within(15):
        with attempt:
            streams = do_find(loki, f'{{stacktest="{label}"}} |= "bad"')
            assert [line for s in streams for _, line in s["values"]] == ["a bad day"]


def test_a_label_can_be_looked_up(loki: httpx.Client, label: str) -> None:
    assert do_push(loki, label, "x").status_code == 204
    for attempt in within(15):
        with attempt:
            assert label in loki.get("/loki/api/v1/label/stacktest/values").json()["data"]


def test_what_was_never_pushed_is_not_found(loki: httpx.Client, label: str) -> None:
    assert do_find(loki, f'{{stacktest="{label}"}}') == []


def test_a_malformed_push_is_refused(loki: httpx.Client) -> None:
    assert loki.post(PUSH, json={"streams": "none"}).status_code == 400


def test_a_line_of_last_month_is_refused(loki: httpx.Client, label: str) -> None:
    month = 30 * 24 * 3600 * 10**9
    assert do_push(loki, label, "old", moment=time.time_ns() - month).status_code == 400


def test_an_instant_query_for_lines_is_refused(loki: httpx.Client, label: str) -> None:
    refused = loki.get("/loki/api/v1/query", params={"query": f'{{stacktest="{label}"}}'})
    assert refused.status_code == 400


def test_it_measures_itself(loki: httpx.Client) -> None:
    assert "loki_build_info{" in loki.get("/metrics").text
