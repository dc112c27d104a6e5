"""The stream processor works when its input and output are connected and messages flow.

Its image follows no version, so only the shape of what it says about one is claimed.
"""

import re

import httpx
import pytest

from fixtures.identity import Identity, verify_identity
from fixtures.typed import Api
from fixtures.waiting import within

pytestmark = pytest.mark.service("benthos")

IDENTITY = Identity(host="benthos.stack.local", path="/ping", marker="pong")
INPUT, OUTPUT = "generate_input", "drop_output"


@pytest.fixture
def benthos(api: Api) -> httpx.Client:
    return api("benthos")


def do_count(benthos: httpx.Client, name: str, label: str) -> float:
    said = benthos.get("/metrics").text
    found = re.findall(rf'^{name}{{[^}}]*label="{label}"[^}}]*}} (\S+)$', said, re.MULTILINE)
    assert len(found) == 1, f"{name} of {label} is not measured"
    return float(found[0])


def test_the_front_door_leads_to_benthos(api: Api) -> None:
    verify_identity(api, IDENTITY)


def test_its_input_and_output_are_connected(benthos: httpx.Client) -> None:
    response = benthos.get("/ready")
    assert response.status_code == 200
    said = {each["label"]: each["connected"] for each in response.json()["statuses"]}
    assert said == {INPUT: True, OUTPUT: True}


@pytest.mark.claim("P8.5")
def test_a_message_went_all_the_way(benthos: httpx.Client) -> None:
    for attempt in within(10):
        with attempt:
            assert do_count(benthos, "output_sent", OUTPUT) >= 1


def test_nothing_was_lost_on_the_way(benthos: httpx.Client) -> None:
    for attempt in within(10):
        with attempt:
            received = do_count(benthos, "input_received", INPUT)
            assert received == do_count(benthos, "output_sent", OUTPUT)


def test_it_runs_what_was_configured(benthos: httpx.Client) -> None:
    said = benthos.get("/debug/config/json").json()
    assert (said["input"]["label"], said["output"]["label"]) == (INPUT, OUTPUT)
    assert said["input"]["generate"]["interval"] == "1h"


def test_it_says_its_version(benthos: httpx.Client) -> None:
    assert set(benthos.get("/version").json()) == {"version", "built"}


def test_its_measurements_have_two_addresses(benthos: httpx.Client) -> None:
    assert benthos.get("/stats").status_code == 200
    assert set(benthos.get("/endpoints").json()) >= {"/ping", "/ready", "/stats", "/metrics"}


def test_an_unknown_path_is_not_found(benthos: httpx.Client) -> None:
    assert benthos.get("/no-such-path").status_code == 404
