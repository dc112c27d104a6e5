"""Which names say that what they stand for is secret."""

import pytest

from stacktest.core.secret_names import is_plain_secret_name, is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "MASTERKEY", "OAUTH_CLIENTSECRET", "API_KEY"),
        *("SMTPPASS", "DBPASS", "apiKey", "clientSecret", "GITHUB_TOKEN", "SECRET_KEY_BASE"),
        *("--requirepass", "--server-password", "x-api-key", "access_token", "WEBPASSWORD"),
        *("RABBITMQ_ERLANG_COOKIE", "JWT_SECRET", "ENCRYPTION_KEY", "SIGNINGKEY", "PSK", "PIN"),
        *("LDAP_BIND_PASSWD", "MEILI_MASTER_KEY", "AWS_SECRET_ACCESS_KEY", "SLACK_WEBHOOK_URL"),
        *("GF_SECURITY_ADMIN_PASSWORD", "hashedPassword", "HTPASSWD", "VAULT_TOKEN", "SENTRY_DSN"),
    ],
)
def test_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD_FILE", "KEY_PATH", "AUTH_HOST", "OAUTH_URL", "AUTH_ENABLED", "KEYCLOAK_ADMIN"),
        *("TOKEN_LIFETIME", "PASSWORD_MIN_LENGTH", "SECRET_NAME", "MONKEY", "TURKEY", "BYPASS"),
        *("COMPASS", "KEY_LENGTH", "AUTHELIA_LOG_LEVEL", "PASSENGER", "SPINDLE", "TOKENIZER"),
        *("JWT_ALGORITHM", "SECRETARY", "MAX_TOKENS_COUNT", "AWS_ACCESS_KEY_ID", "HOTKEY", "PATH"),
        *("", "123", "LOG_LEVEL", "KEYCLOAK", "PINECONE", "AUTHOR", "PASSTHROUGH"),
    ],
)
def test_not_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_a_name_that_needs_its_place_is_not_plain() -> None:
    assert [is_plain_secret_name(name) for name in ("password", "api_key", "client-secret")] == [
        True
    ] * 3
    assert not any(map(is_plain_secret_name, ("key", "auth", "primary_key", "pin", "token_type")))
