"""Secrets in the mounted settings of programs, in each form that these have."""

import pytest

from stacktest.core.secrets import settings_secrets

SECRET = "Zq7-hunter_XY9"


@pytest.mark.parametrize(
    "settings",
    [
        "database:\n  password: {}\n",
        'database:\n  password: "{}"\n',
        "server:\n    db:\n        password: {}\n",
        "password: |\n  {}\nuser: x\n",
        "secret_key: >-\n  {}\n",
        "api_keys:\n  - {}\n",
        "api_keys: [first, {}]\n",
        '{"tokens": ["{}"]}',
        '{"tokens": [\n  "{}"\n]}',
        '{"name":"DB_PASSWORD","value":"{}"}',
        "- name: DB_PASSWORD\n  value: {}\n",
        'environment=PASSWORD="{}",A=1',
        '{"ConnectionStrings":{"x":"Server=db;User Id=x;Password={};"}}',
        "<users><default><password>{}</password></default></users>",
        '<Property name="password" value="{}"/>',
        'proxy_set_header Authorization "Basic {}";',
        "proxy_set_header X-Api-Key {};",
        'header_up Authorization "Bearer {}"',
        "headers:\n  X-API-Key: {}\n",
        'set $token "{}";',
        'http-request set-header Authorization "Bearer {}"',
        "user admin insecure-password {}",
        "user default on >{} ~* +@all",
        "machine host login user password {}",
        "rootpw {}",
        "PresharedKey = {}",
        "authkey: {}",
        "define('DB_PASSWORD', '{}');",
        '$wgDBpassword = "{}";',
        "$cfg['blowfish_secret'] = '{}';",
        "os.environ.get('SECRET_KEY', '{}')",
        "CREATE USER x WITH PASSWORD '{}';",
        "CREATE USER 'x'@'y' IDENTIFIED BY '{}';",
        "db.createUser({user:'u', pwd:'{}', roles:[]})",
        "userPassword:: {}",
    ],
)
def test_it_is_known(settings: str) -> None:
    assert SECRET in set(settings_secrets(settings.replace("{}", SECRET)))


def test_several_words_are_known_as_a_whole() -> None:
    assert "correct horse battery" in set(settings_secrets("password: correct horse battery\n"))
    assert "correct horse battery" in set(settings_secrets("password: |\n  correct horse battery"))


@pytest.mark.parametrize(
    "settings",
    [
        "DB_PASSWORD=\nSMTP_PASSWORD=\n",
        "secrets: [hostca]\n",
        "secrets:\n  - redis_password\n",
        "password:\nuser: somebody-else\n",
        "# a token is needed\ntoken_url: https://app.b.c/token\n",
        "reset the password afterwards\n",
        "uwsgi_pass app:9000;",
        "<password></password>",
    ],
)
def test_what_is_no_secret_stays(settings: str) -> None:
    assert list(settings_secrets(settings)) == []
