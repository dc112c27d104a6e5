"""Values of a stack that no report may show: what the compose model itself says is secret.

| where                | which values                                                          |
|----------------------|-----------------------------------------------------------------------|
| environment          | of names with PASS, SECRET, TOKEN, KEY, CRED, AUTH, SALT, SEED, PIN   |
| anywhere             | the password in a URL, `scheme://name:password@host`                  |
| command, labels      | what follows an option or stands behind a key with such a name        |

This is a net below the reports, not what keeps secrets out of them: they read records, and records
hold digests and names. A value that is too common to be secret (`true`, a number below five
digits, a path, a name in the model) is left alone.
"""

import re
from collections.abc import Iterable, Iterator

from stacktest.core.model import Service, Stack

_NAME = re.compile(
    r"pass|secret|token|key|cred|auth|salt|seed|(?<![a-z])pin(?![a-z])", re.IGNORECASE
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.IGNORECASE)
_COMMON = re.compile(
    r"true|false|yes|no|on|off|none|null|\d{1,4}|/\S*|https?://[^@\s]*", re.IGNORECASE
)


def secrets_of(stack: Stack) -> frozenset[str]:
    """The values to take out of every text before it is written."""
    names = _names(stack)
    found = {value for one in stack.services.values() for value in _of_service(one)}
    return frozenset(value for value in found if value not in names and not _is_common(value))


# Private


def _of_service(service: Service) -> Iterator[str]:
    for name, value in (*service.environment.items(), *service.labels.items()):
        if value and _NAME.search(name):
            yield value
        yield from _URL.findall(value or "")
    yield from _of_words(service.command or ())


def _of_words(words: Iterable[str]) -> Iterator[str]:
    """`--password=x`, `--requirepass x`, `redis://:x@host`."""
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if equals and _NAME.search(option):
            yield value
        elif before.startswith("-") and "=" not in before and _NAME.search(before):
            yield word
        yield from _URL.findall(word)
        before = word


def _names(stack: Stack) -> set[str]:
    """Words that reports have to be able to say."""
    hosts = {route.host for route in stack.routes}
    images = {service.image for service in stack.services.values()}
    return {stack.name, stack.domain, *stack.services, *hosts, *images}


def _is_common(value: str) -> bool:
    return not value.strip() or _COMMON.fullmatch(value) is not None
