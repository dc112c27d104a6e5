"""What happens to the others when Redis is away, and to its data."""

import pytest


@pytest.mark.service("rag", "redis")
@pytest.mark.claim("X13")
def test_redis_is_optional(rag, lifecycle, cli, within):
    redis = lifecycle("redis")
    redis.stop()
    response = rag.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    answer = rag.post("/query", json={"query": "Who runs this?"})
    assert answer.json() == {"response": "You do.", "counted_in": "memory"}
    redis.start()
    assert cli("ping") == "PONG"
    for attempt in within(10):
        with attempt:
            assert rag.get("/health").json()["status"] == "healthy"


@pytest.mark.service("redis")
@pytest.mark.claim("X30")
def test_redis_saves_what_it_has(lifecycle, cli, run_id, within):
    cli("set", f"kept:{run_id}", "yes")
    cli("bgsave")
    for attempt in within(10):
        with attempt:
            assert "rdb_bgsave_in_progress:0" in cli("info", "persistence")
    assert "rdb_last_bgsave_status:ok" in cli("info", "persistence")
    lifecycle("redis").restart()
    assert cli("get", f"kept:{run_id}") == "yes"
    lifecycle("redis").recreate()
    assert cli("get", f"kept:{run_id}") == "yes"
