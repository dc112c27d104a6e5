"""Redis works when it keeps sessions as it is told to, and quickly."""

import re

import pytest

pytestmark = pytest.mark.service("redis")


def setting(cli, name):
    return cli("config", "get", name).split("\n")[1]


@pytest.mark.claim("L10")
def test_it_keeps_to_its_memory(cli):
    assert setting(cli, "appendonly") == "yes"
    assert setting(cli, "maxmemory") == str(256 * 2**20)
    assert setting(cli, "maxmemory-policy") == "allkeys-lru"


@pytest.mark.service("lucia")
@pytest.mark.claim("L8")
def test_a_session_is_kept(lucia, cli, run_id):
    session = f"persist-{run_id}"
    lucia.post("/api/chat", json={"message": "Remember", "sessionId": session})
    keys = cli("--scan", "--pattern", f"lucia:*{session}").split()
    assert sorted(keys) == [f"lucia:session:{session}", f"lucia:task:{session}"]
    assert "Remember" in cli("get", f"lucia:session:{session}")
    assert [86_000 < int(cli("ttl", key)) <= 86_400 for key in keys] == [True, True]


@pytest.mark.service("lucia")
@pytest.mark.claim("L25")
def test_the_agent_host_is_connected(lucia, cli):
    lucia.get("/openapi.json")
    assert "name=lucia" in cli("client", "list")


@pytest.mark.service("lucia")
@pytest.mark.claim("L30")
def test_the_agent_host_finds_it(inside, cli, reach_from):
    assert inside("lucia").run("getent", "hosts", "redis").code == 0
    assert reach_from("lucia-network", "redis", 6379) == "open"
    assert cli("ping") == "PONG"


@pytest.mark.alone
@pytest.mark.claim("L28")
def test_it_is_quick(inside):
    result = inside("redis").run(
        "redis-benchmark", "-t", "set", "-n", "20000", "-c", "20", "--precision", "3", "--csv"
    )
    name, per_second, average, *_ = (
        field.strip('"') for field in result.out.strip().splitlines()[-1].split(",")
    )
    assert name == "SET"
    assert float(per_second) > 10_000
    assert float(average) < 10


@pytest.mark.claim("L14")
def test_it_is_not_root(inside):
    status = inside("redis").run("cat", "/proc/1/status").out
    (users,) = re.findall(r"^Uid:\s+(.+)$", status, re.MULTILINE)
    assert "0" not in users.split()
