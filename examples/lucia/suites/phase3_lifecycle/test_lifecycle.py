"""Both services come back, and lose nothing."""

import json

import pytest


@pytest.mark.service("redis")
@pytest.mark.claim("L9")
@pytest.mark.parametrize("move", ["restart", "recreate"])
def test_it_keeps_its_data(lifecycle, cli, run_id, move):
    key = f"lucia:session:kept-{move}-{run_id}"
    assert cli("set", key, "1") == "OK"
    count = cli("dbsize")
    getattr(lifecycle("redis"), move)()
    assert cli("get", key) == "1"
    assert cli("dbsize") == count


@pytest.mark.service("redis")
@pytest.mark.claim("L35")
def test_a_backup_can_be_put_back(container, inside, lifecycle, cli, run_id):
    (mount,) = [m for m in container("redis").raw["Mounts"] if m["Destination"] == "/data"]
    assert mount["Name"] == "example-lucia-redis-data"
    key = f"lucia:session:backup-{run_id}"
    cli("set", key, "1")
    assert inside("redis").run("cp", "-a", "/data/.", "/tmp/backup").code == 0
    assert cli("del", key) == "1"
    assert inside("redis").run("cp", "-a", "/tmp/backup/.", "/data").code == 0
    lifecycle("redis").restart()
    assert cli("get", key) == "1"


@pytest.mark.claim("L18")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("lucia", marks=pytest.mark.service("lucia")),
        pytest.param("redis", marks=pytest.mark.service("redis")),
    ],
)
def test_it_comes_back_after_a_crash(container, lifecycle, name):
    assert container(name).restart_policy == "unless-stopped"
    lifecycle(name).crash()
    assert container(name).restarts == 1


@pytest.mark.service("lucia")
@pytest.mark.claim("L22")
def test_the_agent_host_ends_in_time(lifecycle):
    seconds, code = lifecycle("lucia").stop(grace=30)
    assert seconds < 30
    assert code == 0


@pytest.mark.service("lucia")
@pytest.mark.claim("L21")
def test_logs_can_be_read_by_programs(container, variant):
    lines = container("lucia").logs().splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    assert {json.loads(line)["level"] for line in lines} <= {"DEBUG", "INFO", "WARNING"}
    with variant("lucia", env={"LUCIA_LOG_LEVEL": "Debug"}):
        assert '"level": "DEBUG"' in container("lucia").logs()


@pytest.mark.service("lucia")
@pytest.mark.claim("L23")
def test_an_invalid_address_is_logged(lucia, container, variant):
    with variant("lucia", env={"HOMEASSISTANT_URL": "not an address"}):
        assert "validation: HOMEASSISTANT_URL" in container("lucia").logs()
        assert lucia.get("/openapi.json").status_code == 200
