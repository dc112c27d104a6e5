"""What containers were given, and how they started."""

import json

import pytest

SIX = ("caddy", "curation_worker", "mkdocs", "rag", "redis", "ui")
ALL = (*SIX, "crawler")


@pytest.mark.service(*SIX)
@pytest.mark.claim("X1")
def test_six_services(stack, container):
    assert stack.model.default_services() == SIX
    assert [container(name).state for name in SIX] == ["running"] * 6


@pytest.mark.service(*SIX)
@pytest.mark.claim("X2")
def test_all_are_healthy(container):
    assert [name for name in SIX if container(name).health != "healthy"] == []


@pytest.mark.service("caddy")
@pytest.mark.claim("X3")
def test_the_door_is_healthy(container, within):
    for attempt in within(10):
        with attempt:
            assert container("caddy").health == "healthy"


@pytest.mark.service("redis", "rag", "ui")
@pytest.mark.claim("X15")
def test_they_start_in_time(container):
    for name in ("redis", "rag", "ui"):
        view = container(name)
        assert (view.healthy_since - view.started).total_seconds() < 120
    events = [json.loads(line) for line in container("rag").logs().splitlines() if line[:1] == "{"]
    (loaded,) = [event for event in events if event["event"] == "LLM initialization"]
    assert loaded["duration_ms"] < 10_000


@pytest.mark.service("redis", "rag", "ui", "crawler")
@pytest.mark.claim("X31")
def test_they_start_in_order(container):
    redis, rag = container("redis"), container("rag")
    assert redis.healthy_since <= rag.started
    assert rag.healthy_since <= container("ui").started
    assert rag.healthy_since <= container("crawler").started


@pytest.mark.service("rag")
@pytest.mark.claim("X16")
def test_memory(container):
    assert container("rag").limits.memory == 6 * 2**30
    assert container("rag").memory() < 6 * 2**30


@pytest.mark.service(*ALL)
@pytest.mark.claim("X18")
def test_nobody_is_root(container, inside):
    assert [name for name in ALL if container(name).user != "1001:1001"] == []
    assert [name for name in ALL if inside(name).run("id", "-u").out.strip() != "1001"] == []


@pytest.mark.service(*ALL)
@pytest.mark.claim("X19")
def test_file_systems_are_read_only(container):
    assert [name for name in ALL if not container(name).read_only] == []


@pytest.mark.service(*ALL)
@pytest.mark.claim("X20")
def test_rights(container):
    rights = {name: container(name).capabilities for name in ALL}
    assert [name for name in ALL if not rights[name].no_new_privileges] == []
    assert [name for name in ALL if "ALL" not in rights[name].dropped] == []
    assert sorted(rights["rag"].added) == ["CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"]


@pytest.mark.service("rag", "ui")
@pytest.mark.claim("X21")
def test_file_systems_in_memory(inside):
    def sizes(name, *folders):
        answer = inside(name).run("df", "--block-size=1M", "--output=size", *folders)
        return [int(size) for size in answer.out.split()[1:]]

    rag = ("/tmp", "/var/run", "/app/.cache", "/app/logs", "/app/data")
    assert sizes("rag", *rag) == [512, 64, 100, 100, 50]
    assert sizes("ui", "/app/logs") == [100]


@pytest.mark.service("rag", "ui")
@pytest.mark.claim("X22")
def test_processors(container, inside):
    for name, processors in {"rag": "0", "ui": "1"}.items():
        assert container(name).limits.cpuset == processors
        allowed = inside(name).run("grep", "Cpus_allowed_list", "/proc/1/status").out
        assert allowed.split()[1] == processors


@pytest.mark.service("rag", "ui", "curation_worker", "crawler")
@pytest.mark.claim("X25")
def test_telemetry_is_off(container):
    flags = ("CHAINLIT_NO_TELEMETRY", "CRAWL4AI_NO_TELEMETRY", "SCARF_NO_ANALYTICS")
    for name in ("rag", "ui", "curation_worker", "crawler"):
        assert [container(name).env.get(flag) for flag in flags] == ["true", "true", "true"]


@pytest.mark.service("caddy")
@pytest.mark.alone
@pytest.mark.claim("X27")
def test_the_log_is_not_rotated(container, door, within):
    for _ in range(200):
        door.get("/no-such-path", headers={"X-Padding": "x" * 7000})
    for attempt in within(5):
        with attempt:
            assert "can't rename log file" in container("caddy").logs()
    assert "permission denied" in container("caddy").logs()
    assert door.get("/no-such-path").status_code == 404
