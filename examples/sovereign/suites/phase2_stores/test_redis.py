"""Redis works when it keeps what it is given, from those only who know its password."""

import pytest

pytestmark = pytest.mark.service("redis")


@pytest.mark.claim("X29")
def test_password_and_memory(cli, inside):
    stranger = inside("redis").run("redis-cli", "ping", env={"REDISCLI_AUTH": ""})
    assert stranger.out.strip() == "NOAUTH Authentication required."
    assert cli("ping") == "PONG"
    assert cli("config", "get", "maxmemory").split()[1] == str(512 * 2**20)
    assert cli("config", "get", "maxmemory-policy").split()[1] == "allkeys-lru"


@pytest.mark.service("rag")
@pytest.mark.claim("X23")
def test_secrets_agree(inside, container):
    secret = inside("rag").run("cat", "/run/secrets/redis_password").out
    assert container("redis").env["REDIS_PASSWORD"] == secret
    assert (
        inside("redis").run("redis-cli", "ping", env={"REDISCLI_AUTH": secret}).out.strip()
        == "PONG"
    )
    assert inside("rag").run("cat", "/run/secrets/api_key").code == 0
