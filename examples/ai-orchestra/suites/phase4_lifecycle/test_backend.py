"""The backend keeps to its limit and to its files, and says when no model answers."""

import pytest

pytestmark = pytest.mark.service("ai-orchestra")

PREFIX = "ai_orchestra"


def statuses(client, count):
    return [client.get("/api/status").status_code for _ in range(count)]


@pytest.fixture
def fresh(lifecycle, inside):
    """A backend that has counted nothing; later tests ask its API in such a one, too."""
    lifecycle("ai-orchestra").restart()
    return inside("ai-orchestra").http(3000)


@pytest.mark.claim("A7")
def test_a_hundred_requests_are_answered(fresh):
    assert statuses(fresh, 101) == [200] * 100 + [429]


@pytest.mark.claim("A8")
def test_the_next_one_is_told_when_to_come_again(fresh):
    answers = [fresh.get("/api/status") for _ in range(101)]
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert answers[-1].headers["RateLimit-Remaining"] == "0"
    assert answers[-1].text.startswith("Too many requests from this IP")


@pytest.mark.claim("A9")
def test_the_limit_can_be_set(variant, inside):
    with variant("ai-orchestra", env={"RATE_LIMIT_MAX": "5", "RATE_LIMIT_WINDOW_MS": "60000"}):
        answers = statuses(inside("ai-orchestra").http(3000), 6)
    assert answers == [200] * 5 + [429]


@pytest.mark.claim("A9")
def test_the_limit_can_be_switched_off(variant, inside):
    with variant("ai-orchestra", env={"RATE_LIMIT_ENABLED": "false"}):
        answers = statuses(inside("ai-orchestra").http(3000), 101)
    assert answers == [200] * 101


@pytest.mark.claim("A12")
def test_open_websockets_are_counted(variant, inside, chat, metrics, within):
    def count():
        text = inside("ai-orchestra").http(3000).get("/metrics")
        return metrics(text).value(f"{PREFIX}_websocket_connections")

    with variant("ai-orchestra", env={"WEBSOCKET_ENABLED": "true"}):
        clients = [chat() for _ in range(3)]
        assert count() == 3
        for client in clients:
            client.close()
        for attempt in within(5):
            with attempt:
                assert count() == 0


@pytest.mark.claim("A46")
def test_another_provider_answers_when_one_fails(variant, inside):
    with variant("ai-orchestra", env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}):
        client = inside("ai-orchestra").http(3000)
        answers = [client.post("/api/query", json={"prompt": "Hello"}) for _ in range(2)]
    assert [item.status_code for item in answers] == [200, 200]
    assert {item.json()["provider"] for item in answers} == {"ollama"}


@pytest.mark.claim("A1")
def test_without_a_model_it_is_degraded(api, lifecycle, within):
    lifecycle("ollama").stop()
    health = api("ai-orchestra").get("/health")
    assert health.status_code == 503
    assert health.json()["status"] == "degraded"
    lifecycle("ollama").start()
    for attempt in within(10):
        with attempt:
            assert api("ai-orchestra").get("/health").status_code == 200


@pytest.mark.claim("A39")
def test_logs_are_packed_and_dropped(inside, lifecycle):
    backend = inside("ai-orchestra")
    earlier = "touch -d yesterday combined.log && touch -d '31 days ago' combined-2001-01-01.log.gz"
    assert backend.run("sh", "-c", f"cd /app/logs && {earlier}").code == 0
    lifecycle("ai-orchestra").restart()
    day = backend.run("date", "-d", "yesterday", "+%F").out.strip()
    files = backend.run("ls", "/app/logs").out.split()
    assert files == [f"combined-{day}.log.gz", "combined.log", "error.log"]
    assert '"message":"listening"' in backend.run("zcat", f"/app/logs/combined-{day}.log.gz").out


@pytest.mark.claim("A32")
def test_it_keeps_its_files(inside, lifecycle, run_id):
    markers = [f"/app/{folder}/{run_id}" for folder in ("database", "logs", "artifacts")]
    assert inside("ai-orchestra").run("touch", *markers).code == 0
    lifecycle("ai-orchestra").recreate()
    assert inside("ai-orchestra").run("ls", *markers).out.split() == sorted(markers)
    assert inside("ai-orchestra").run("rm", *markers).code == 0
