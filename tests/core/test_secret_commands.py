"""Passwords in the command lines of programs, as people write them into health checks."""

import shlex

import pytest

from stacktest.core.secret_text import secrets_in, secrets_in_command

SECRET = "Zq7-hunter_XY9"
COMMANDS = (
    "mysqladmin ping -uroot -p{}",
    "mysqladmin ping -uroot -p'{}'",
    "redis-cli --no-auth-warning -a '{}' ping",
    "redis-cli --pass {} ping",
    "curl -uapp:{} http://x",
    "curl -fsS -u 'app:{}' http://x",
    "curl --user elastic:{} https://x",
    "curl --proxy-user u:{} http://x",
    "curl -b 'session={}' http://x",
    "http -a app:{} http://x",
    "wget --header='X-Api-Key: {}' http://x",
    "mongosh -u root -p={}",
    "cqlsh -u cassandra -p {}",
    "cypher-shell -u neo4j -p {} 'RETURN 1'",
    "docker login -u x -p {} registry",
    "sqlcmd -S localhost -U sa -P '{}'",
    "snmpget -v2c -c {} host",
    "echo root:{} | chpasswd",
    "rabbitmqctl authenticate_user guest {}",
    "etcdctl --user root:{} get x",
    "mc alias set local http://minio:9000 minio {}",
    "vault login {}",
    "htpasswd -nbB admin {}",
    "sqlplus u/{}@db",
    "cloudflared tunnel run --token {}",
    "kopia server start --server-password {}",
    'gotify push --token "{}"',
    "keytool -storepass {}",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_known(command: str) -> None:
    assert SECRET in set(secrets_in(command.format(SECRET)))
    words = shlex.split(command.format(SECRET).replace("|", "'|'"))
    assert SECRET in set(secrets_in_command(words))


@pytest.mark.parametrize(
    "command",
    [
        "mysqladmin ping -h localhost --silent",
        "curl -fsS -o /dev/null http://localhost:8080/health",
        "redis-cli -p 6379 ping",
        "docker login --help",
        "wget -q --spider http://localhost:9000/",
        "python -m http.server --bind 0.0.0.0",
        "run --token-file /run/secrets/token --verbose",
    ],
)
def test_a_command_without_one(command: str) -> None:
    assert list(secrets_in(command)) == []
