"""Clients of stores: with which words and variables their containers are asked."""

import pytest

from stacktest.core.model import Service
from stacktest.init.programs import PROGRAMS
from stacktest.init.stores import STORES, client_of, required_password


def test_every_kind_of_store_has_a_port() -> None:
    assert {program.store for program in PROGRAMS if program.store} == set(STORES)


@pytest.mark.parametrize(
    ("command", "environment", "password"),
    [
        (("redis-server", "--requirepass", "geheim"), {}, "geheim"),
        (("redis-server", "--requirepass", "geheim"), {"REDISCLI_AUTH": "geheim"}, ""),
        (("redis-server", "--requirepass"), {}, ""),
        (("sh", "-c", "redis-server --requirepass geheim"), {}, ""),
        (None, {}, ""),
    ],
)
def test_the_password_of_a_command_is_given_to_the_client_alone(
    command: tuple[str, ...] | None, environment: dict[str, str | None], password: str
) -> None:
    service = Service(name="x", command=command, environment=environment)
    assert required_password(service) == password
    client = client_of(service, "redis")
    assert client is not None
    assert client.variables == ({"REDISCLI_AUTH": password} if password else {})
    assert "geheim" not in " ".join(client.argv)
    assert "geheim" not in repr(client)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("postgres", ["POSTGRES_PASSWORD", "SELECT 1"]),
        ("mysql", ["MARIADB_ROOT_PASSWORD", "SELECT 1"]),
        ("mongo", ["MONGO_INITDB_ROOT_PASSWORD", "ping"]),
        ("clickhouse", ["CLICKHOUSE_PASSWORD", "SELECT 1"]),
        ("ldap", ["LDAP_ADMIN_PASSWORD", "ldapwhoami"]),
        ("minio", ["MINIO_ROOT_PASSWORD", "ls"]),
        ("rabbitmq", ["list_vhosts"]),
    ],
)
def test_the_client_reads_the_containers_own_variables(kind: str, words: list[str]) -> None:
    client = client_of(Service(name="x"), kind)
    assert client is not None
    assert [word for word in words if word not in " ".join(client.argv)] == []


def test_memcached_has_no_client() -> None:
    assert client_of(Service(name="x"), "memcached") is None
