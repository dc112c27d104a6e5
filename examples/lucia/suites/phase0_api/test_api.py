"""The agent host works when a client can list its agents and hold a conversation with them."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.service("lucia")


def chat(lucia, message, session):
    return lucia.post("/api/chat", json={"message": message, "sessionId": session})


def seconds(ask):
    begin = time.perf_counter()
    assert ask().status_code == 200
    return time.perf_counter() - begin


def test_it_describes_its_addresses(lucia):
    document = lucia.get("/openapi.json").json()
    assert document["info"]["title"] == "Lucia"


@pytest.mark.claim("L1")
def test_health(lucia):
    response = lucia.get("/health")
    assert response.status_code == 200
    assert set(response.json()) == {"status", "timestamp", "services"}
    assert response.json()["services"] == {"redis": "ok"}
    times = [seconds(lambda: lucia.get("/health")) for _ in range(9)]
    assert statistics.median(times) < 0.1


@pytest.mark.claim("L3")
def test_the_agents_are_listed(lucia):
    response = lucia.get("/api/agents")
    assert response.status_code == 200
    assert {"LightAgent", "MusicAgent"} <= {agent["name"] for agent in response.json()}


@pytest.mark.claim("L4")
def test_an_agent_has_an_address(lucia):
    agent = lucia.get("/api/agents/light-agent")
    health = lucia.get("/api/agents/light-agent/health")
    assert (agent.status_code, health.status_code) == (200, 200)
    assert agent.json()["name"] == "LightAgent"
    assert health.json() == {"agent": "light-agent", "status": "healthy"}
    assert lucia.get("/api/agents/no-agent").status_code == 404


@pytest.mark.claim("L5")
def test_a_chat_is_answered(lucia, run_id):
    response = chat(lucia, "Good morning", f"greet-{run_id}")
    assert response.status_code == 200
    answer = response.json()
    assert "Good morning" in answer["response"]
    assert answer["sessionId"] == f"greet-{run_id}"
    assert answer["timestamp"]


@pytest.mark.claim("L6")
def test_a_bad_chat_does_no_harm(lucia, run_id):
    assert lucia.post("/api/chat", json={}).status_code == 400
    assert chat(lucia, "x" * 10_000, f"long-{run_id}").status_code == 200
    assert lucia.get("/health").status_code == 200


@pytest.mark.claim("L7")
def test_a_session_remembers(lucia, run_id):
    first = chat(lucia, "My name is Ada", f"memory-{run_id}")
    second = chat(lucia, "What is my name?", f"memory-{run_id}")
    stranger = chat(lucia, "What is my name?", f"stranger-{run_id}")
    assert [reply.status_code for reply in (first, second, stranger)] == [200, 200, 200]
    assert "Ada" in second.json()["response"]
    assert "Ada" not in stranger.json()["response"]


@pytest.mark.claim("L26")
def test_a_chat_is_quick(lucia, run_id):
    times = [seconds(lambda: chat(lucia, "What time is it?", f"quick-{run_id}")) for _ in range(10)]
    assert statistics.mean(times) < 2


@pytest.mark.claim("L27")
def test_fifty_at_once(lucia):
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: lucia.get("/openapi.json").status_code, range(50)))
    assert answers == [200] * 50
