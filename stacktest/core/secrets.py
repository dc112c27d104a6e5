"""Values of a stack that no report may show: what the compose model itself says is secret.

| where            | which values                                                             |
|------------------|--------------------------------------------------------------------------|
| environment      | of names with PASSWORD, SECRET, TOKEN, CREDENTIALS … as one of its words |
|                  | and of names that end in KEY, PASS, AUTH, SALT, SEED or PIN              |
| anywhere         | the password in a URL, `scheme://name:password@host`                     |
| command, labels  | what follows an option, or stands behind a key, with such a name         |

This is a net below the reports, not what keeps secrets out of them: they read records, and records
hold digests and names. Left alone is what could not be taken out without hiding half a report:
`true`, `info`, `admin` (up to seven small letters), numbers below five digits, names in the model,
and the values of names that end in FILE, PATH, DIR, URL, HOST and their like.
"""

import re
from collections.abc import Iterable, Iterator

from stacktest.core.model import Service, Stack

_ANYWHERE = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "tokens",
        "apikey",
        "credential",
        "credentials",
        "basicauth",
        "jwt",
    ]
)
_LAST = frozenset(
    {"key", "keys", "pass", "requirepass", "pw", "pwd", "auth", "salt", "seed", "pin"}
)
_POINTS = frozenset({"file", "path", "dir", "url", "uri", "host", "domain", "name", "enabled"})
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.IGNORECASE)
_COMMON = re.compile(r"[a-z]{1,7}|\d{1,4}|True|False|None|https?://[^@\s]*")


def secrets_of(stack: Stack) -> frozenset[str]:
    """The values to take out of every text before it is written."""
    names = _names(stack)
    values = {value for service in stack.services.values() for value in _of_service(service)}
    return frozenset(value for value in values if value not in names and not _is_common(value))


# Private


def _of_service(service: Service) -> Iterator[str]:
    for name, value in (*service.environment.items(), *service.labels.items()):
        if value and is_secret_name(name):
            yield value
        yield from _URL.findall(value or "")
    yield from _of_command(service.command or ())


def _of_command(words: Iterable[str]) -> Iterator[str]:
    """`--password=x`, `--requirepass x`, `redis://:x@host`."""
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if equals and is_secret_name(option):
            yield value
        elif before.startswith("-") and "=" not in before and is_secret_name(before):
            yield word
        yield from _URL.findall(word)
        before = word


def is_secret_name(name: str) -> bool:
    """`LDAP_PASSWORD_ADMIN`, `apiKey`, `--server-password`; not `KEYCLOAK_ADMIN`, `KEY_PATH`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.findall(r"[a-z]+", spaced.lower())
    if not words or words[-1] in _POINTS:
        return False
    return words[-1] in _LAST or not _ANYWHERE.isdisjoint(words)


def _names(stack: Stack) -> set[str]:
    """Words that reports have to be able to say."""
    hosts = {route.host for route in stack.routes}
    images = {service.image for service in stack.services.values()}
    return {stack.name, stack.domain, *stack.services, *hosts, *images}


def _is_common(value: str) -> bool:
    return not value.strip() or _COMMON.fullmatch(value) is not None
