"""Promtail works when what a container writes can be found in Loki under the service's name.

Being ready means that it found anything at all to read; only a line that arrives proves the way.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fixtures.own import own_name
from fixtures.typed import Api, Inside, ReachFrom
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("promtail")

PORT = 9080
HANDLED = "promtail_(?:sent|dropped)_entries_total"


@pytest.fixture
def promtail(inside: Inside) -> Iterator[httpx.Client]:
    with inside("promtail").http(PORT) as client:
        yield client


def do_measure(promtail: httpx.Client, name: str) -> float:
    said = promtail.get("/metrics").text
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", said, re.MULTILINE)
    assert found, f"{name} is not measured"
    return sum(float(value) for value in found)


def do_write(inside: Inside, word: str) -> None:
    """A line in the front door's log, which its container's first process holds open."""
    assert inside("caddy").run("sh", "-c", f"echo {word} > /proc/1/fd/1").code == 0


def do_find(api: Api, query: str) -> Any:
    response = api("loki").get("/loki/api/v1/query_range", params={"query": query})
    assert response.status_code == 200, response.text
    return response.json()["data"]["result"]


def test_it_is_ready(promtail: httpx.Client) -> None:
    for attempt in within(15):
        with attempt:
            response = promtail.get("/ready")
            assert response.status_code == 200
            assert response.text.strip() == "Ready"


def test_it_reads_a_container_for_every_running_service(
    promtail: httpx.Client, stack: RunningStack
) -> None:
    running = {c.service for c in stack.engine.containers(stack.model.name) if c.state == "running"}
    for attempt in within(20):
        with attempt:
            page = promtail.get("/targets").text
            assert {service for service in running if f"<td>{service}</td>" not in page} == set()


def test_it_sends_to_loki(promtail: httpx.Client) -> None:
    assert "http://loki:3100/loki/api/v1/push" in promtail.get("/config").text


def test_it_drops_nothing(
    inside: Inside, promtail: httpx.Client, request: pytest.FixtureRequest, run_id: str
) -> None:
    before = do_measure(promtail, HANDLED)
    do_write(inside, own_name(request, run_id))
    for attempt in within(30):
        with attempt:
            assert do_measure(promtail, HANDLED) > before
    assert do_measure(promtail, "promtail_dropped_entries_total") == 0


@pytest.mark.claim("P2.2")
def test_what_a_service_writes_is_found_under_its_name(
    api: Api,
    inside: Inside,
    promtail: httpx.Client,
    request: pytest.FixtureRequest,
    run_id: str,
    stack: RunningStack,
) -> None:
    before = do_measure(promtail, "promtail_sent_entries_total")
    word = own_name(request, run_id)
    do_write(inside, word)
    for attempt in within(30):
        with attempt:
            (stream,) = do_find(api, f'{{service="caddy"}} |= "{word}"') or [None]
            assert stream is not None
            assert stream["stream"]["project"] == stack.model.name
            assert stream["stream"]["container"] == f"{stack.model.name}-caddy-1"
    assert do_measure(promtail, "promtail_sent_entries_total") > before


def test_only_this_project_is_read(api: Api, promtail: httpx.Client, stack: RunningStack) -> None:
    assert promtail.get("/ready").status_code == 200
    values = api("loki").get("/loki/api/v1/label/project/values").json()["data"]
    assert values == [stack.model.name]


def test_the_frontend_has_no_way_to_it(reach_from: ReachFrom) -> None:
    assert reach_from("backend", "promtail", PORT) == "open"
    assert reach_from("frontend", "promtail", PORT) == "unresolved"
