"""Secrets are known by where they stand in a text."""

import pytest

from stacktest.core.secret_text import secrets_in, secrets_in_command
from stacktest.core.secrets import settings_secrets


@pytest.mark.parametrize(
    "text",
    [
        "postgres://app:CANARY-1@db/app",
        "https://app.b.c/x?a=1&token=CANARY-1#top",
        "Server=db;Database=x;User Id=sa;Password=CANARY-1;",
        '{"name": "x", "clientSecret": "CANARY-1"}',
        "password: 'CANARY-1'",
        "spring.datasource.password=CANARY-1",
        "sh -c 'PGPASSWORD=CANARY-1 psql -U app'",
        "redis-server --requirepass CANARY-1",
        "redis-cli -a CANARY-1 ping",
        "mysqladmin ping -uroot -pCANARY-1",
        "curl -fsS -u admin:CANARY-1 http://localhost/health",
        "curl -H 'Authorization: Bearer CANARY-1' http://localhost",
        "sshpass -p CANARY-1 ssh host",
        "requirepass CANARY-1",
        "username=share,password=CANARY-1,rw",
    ],
)
def test_it_is_found(text: str) -> None:
    assert "CANARY-1" in {*secrets_in(text), *secrets_in_command(text.split())}


def test_the_password_of_basic_authentication_is_decoded() -> None:
    assert "CANARY-1" in set(secrets_in("Authorization: Basic YWRtaW46Q0FOQVJZLTE="))


def test_a_word_after_an_option_is_found_with_its_blanks() -> None:
    assert "two words" in set(secrets_in_command(["redis-server", "--requirepass", "two words"]))


@pytest.mark.parametrize(
    "settings",
    [
        "tls /certs/stack.crt /certs/stack.key\nreverse_proxy app:8000",
        "proxy_pass http://app:8000;\nauth_basic off;\nssl_certificate_key /certs/x.key;",
        "password: ${DB_PASSWORD}",
        "password_file: /run/secrets/db",
        "primary_key = identifier\nkeys: alphabet",
        "token_type: bearerlike",
        "authentication: enabled-everywhere",
    ],
)
def test_settings_without_a_secret(settings: str) -> None:
    assert list(settings_secrets(settings)) == []


def test_a_secret_in_the_settings_of_a_program() -> None:
    assert set(settings_secrets("[db]\nuser = app\npassword = hunter2-Correct\n")) == {
        "hunter2-Correct"
    }
