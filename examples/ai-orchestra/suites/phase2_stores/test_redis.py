"""Redis works when it keeps what it is given, for whoever knows the password."""

import pytest

pytestmark = pytest.mark.service("redis")


@pytest.fixture
def cli(inside, stack):
    """What `redis-cli` prints for somebody who knows the password."""
    password = stack.model.services["redis"].environment["REDIS_PASSWORD"]

    def ask(*words):
        return inside("redis").run("redis-cli", *words, env={"REDISCLI_AUTH": password}).out.strip()

    return ask


@pytest.mark.claim("A25")
def test_its_health_check_sees_that_it_works(inside, container):
    kind, *words = container("redis").raw["Config"]["Healthcheck"]["Test"]
    command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
    assert inside("redis").run(*command).out.strip() == "PONG"


@pytest.mark.claim("A31")
def test_it_asks_for_a_password(inside):
    answer = inside("redis").run("redis-cli", "get", "anything")
    assert answer.out.strip() == "NOAUTH Authentication required."


@pytest.mark.claim("A31")
def test_it_writes_everything_down(cli):
    assert cli("config", "get", "appendonly") == "appendonly\nyes"


@pytest.mark.claim("A31")
@pytest.mark.parametrize("move", ["restart", "recreate"])
def test_it_keeps_its_data(cli, lifecycle, run_id, move):
    assert cli("set", run_id, move) == "OK"
    getattr(lifecycle("redis"), move)()
    assert cli("get", run_id) == move
    assert cli("del", run_id) == "1"
